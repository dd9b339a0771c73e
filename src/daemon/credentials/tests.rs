use super::*;

const START: Timestamp = Timestamp(1_795_500_000_000);

fn minutes(count: i64) -> Timestamp {
    Timestamp(START.0 + count * 60_000)
}

fn subject(host: u8, fingerprint: &str) -> Subject {
    Subject {
        address: IpAddr::from([10, 1, 20, host]),
        credential: "reader".into(),
        fingerprint: fingerprint.to_owned(),
        endpoint: Some(DeviceText::new(&format!("urn:uuid:{host}"))),
    }
}

/// Asks and takes the answer, if there is one yet.
fn ask(book: &mut Book, subject: &Subject, at: Timestamp) -> Option<(Claim, Vec<CredentialTry>)> {
    let (reply, mut answer) = oneshot::channel();
    book.ask(Asker { subject: subject.clone(), reply });
    let (answers, records) = book.grant(at);
    for answer in answers {
        answer.send();
    }
    answer.try_recv().ok().map(|claim| (claim, records))
}

fn refuse(book: &mut Book, subject: &Subject, at: Timestamp) {
    assert_eq!(ask(book, subject, at).unwrap().0, Claim::Go);
    let record = book.outcome(subject, Err("no".into()), at).unwrap();
    assert_eq!((record.state, record.text.as_str()), (CredentialState::Refused, "no"));
}

#[test]
fn a_refusal_is_final_until_the_operator_acts_or_the_password_changes() {
    let mut book = Book::default();
    let camera = subject(1, "old");
    refuse(&mut book, &camera, START);
    let again = ask(&mut book, &camera, minutes(60 * 24 * 365)).unwrap();
    assert_eq!(again, (Claim::RefusedBefore(START), vec![]));
    assert_eq!(ask(&mut book, &subject(1, "new"), minutes(1)).unwrap().0, Claim::Go, "another password");
    book.outcome(&subject(1, "new"), Err("no".into()), minutes(1));

    let mut book = Book::default();
    refuse(&mut book, &camera, START);
    let cleared = book.retry(&"reader".into(), Some(camera.address), "alice", minutes(2));
    assert_eq!((cleared.len(), cleared[0].text.as_str()), (1, "allowed again by alice"));
    assert_eq!(ask(&mut book, &camera, minutes(3)).unwrap().0, Claim::Go);
    book.outcome(&camera, Err("no".into()), minutes(3));
    assert_eq!(ask(&mut book, &camera, minutes(4)).unwrap().0, Claim::RefusedBefore(minutes(3)), "once a retry");
}

#[test]
fn a_camera_that_changed_its_address_is_not_asked_again() {
    let mut book = Book::default();
    refuse(&mut book, &subject(1, "f"), START);
    let moved = Subject { address: IpAddr::from([10, 1, 20, 99]), ..subject(1, "f") };
    assert_eq!(ask(&mut book, &moved, minutes(9)).unwrap().0, Claim::RefusedBefore(START));
}

#[test]
fn it_is_written_before_it_is_sent_and_survives_a_restart() {
    let mut book = Book::default();
    let camera = subject(1, "f");
    let (claim, records) = ask(&mut book, &camera, START).unwrap();
    assert_eq!((claim, records.len(), records[0].state), (Claim::Go, 1, CredentialState::Claimed));
    // The daemon is killed: three attempts without an outcome are the most.
    let mut kept = records;
    for unknown in 1..3 {
        let mut book = Book::restore(kept.clone());
        let (claim, records) = ask(&mut book, &camera, minutes(unknown)).unwrap();
        assert_eq!((claim, records[0].unknown_outcomes), (Claim::Go, u32::try_from(unknown).unwrap()));
        kept = records;
    }
    let mut book = Book::restore(kept);
    assert_eq!(ask(&mut book, &camera, minutes(9)).unwrap(), (Claim::Interrupted, vec![]));
    book.retry(&"reader".into(), None, "alice", minutes(10));
    assert_eq!(ask(&mut book, &camera, minutes(11)).unwrap().0, Claim::Go);
}

#[test]
fn what_was_taken_costs_no_record() {
    let mut book = Book::default();
    let camera = subject(1, "f");
    ask(&mut book, &camera, START).unwrap();
    assert_eq!(book.outcome(&camera, Ok(()), START).unwrap().state, CredentialState::Accepted);
    for round in 1..100 {
        assert_eq!(ask(&mut book, &camera, minutes(round)).unwrap(), (Claim::Go, vec![]));
        assert_eq!(book.outcome(&camera, Ok(()), minutes(round)), None);
    }
}

#[test]
fn a_rotated_password_reaches_three_cameras_of_a_thousand() {
    let mut book = Book::default();
    let fleet: Vec<Subject> = (0..=255).map(|host| subject(host, "f")).collect();
    let mut answers = Vec::new();
    for camera in &fleet {
        let (reply, answer) = oneshot::channel();
        book.ask(Asker { subject: camera.clone(), reply });
        answers.push((camera.clone(), answer));
    }
    let mut sent = 0;
    // All ask at once; each round those that may try are refused.
    for round in 0..fleet.len() {
        for answer in book.grant(minutes(0)).0 {
            answer.send();
        }
        answers.retain_mut(|(camera, answer)| match answer.try_recv() {
            Ok(Claim::Go) => {
                sent += 1;
                book.outcome(camera, Err("no".into()), START);
                false
            }
            Ok(claim) => {
                assert_eq!(claim, Claim::Stopped);
                false
            }
            Err(_) => true,
        });
        if answers.is_empty() {
            assert!(round < 5);
            break;
        }
    }
    assert_eq!((sent, answers.len()), (3, 0));
    assert!(book.is_stopped(&"reader".into(), "f"));
    // Hours later, and after a restart, it is still stopped; the operator ends it.
    let mut book = Book::restore(book.tries.into_values().collect());
    assert_eq!(ask(&mut book, &subject(200, "f"), minutes(600)).unwrap().0, Claim::Stopped);
    assert_eq!(book.retry(&"reader".into(), None, "alice", minutes(601)).len(), 3);
    assert_eq!(ask(&mut book, &subject(200, "f"), minutes(602)).unwrap().0, Claim::Go);
}

#[test]
fn refusals_far_apart_stop_nobody_and_others_wait_their_turn() {
    let mut book = Book::default();
    refuse(&mut book, &subject(1, "f"), START);
    refuse(&mut book, &subject(2, "f"), minutes(40));
    assert_eq!(ask(&mut book, &subject(3, "f"), minutes(50)).unwrap().0, Claim::Go);
    assert_eq!(ask(&mut book, &subject(4, "f"), minutes(50)), None, "two refused and one under way: wait");
    book.release(&subject(3, "f"));
    refuse(&mut book, &subject(5, "f"), minutes(101));
    assert!(!book.is_stopped(&"reader".into(), "f"));
    refuse(&mut book, &subject(6, "f"), minutes(102));
    assert_eq!(ask(&mut book, &subject(7, "f"), minutes(103)).unwrap().0, Claim::Go, "the third within the hour");
    assert_eq!(ask(&mut book, &subject(8, "f"), minutes(103)), None, "which is the most");
    assert_eq!(ask(&mut book, &subject(9, "f"), minutes(109)).unwrap().0, Claim::Go, "a lost visit holds no place");
}

#[test]
fn who_went_away_holds_no_place() {
    let mut book = Book::default();
    let (reply, answer) = oneshot::channel();
    book.ask(Asker { subject: subject(1, "f"), reply });
    drop(answer);
    assert!(book.grant(START).0.is_empty());
    let (reply, answer) = oneshot::channel();
    book.ask(Asker { subject: subject(1, "f"), reply });
    let (answers, _) = book.grant(START);
    drop(answer);
    let gone = answers.into_iter().find_map(Answer::send).unwrap();
    let withdrawn = book.withdraw(&gone, START).unwrap();
    assert_eq!((withdrawn.state, withdrawn.unknown_outcomes), (CredentialState::Cleared, 0));
    assert!(book.under_way.is_empty());
    // What was never sent is no attempt without an outcome.
    let (_, records) = ask(&mut book, &subject(1, "f"), minutes(1)).unwrap();
    assert_eq!(records[0].unknown_outcomes, 0);
}
