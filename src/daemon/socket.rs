//! The control socket's server half: who is there as the kernel names it, what is asked, what is answered.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use nix::unistd::{Gid, Group, Uid, User};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::recorder::Message;
use super::{Shared, ended};
use crate::config::{ReviewPlan, RoleSettings};
use crate::control::{MAX_LINE, Planned, Reply, Request, VERSION};
use crate::net::Timestamp;
use crate::net::text::clean;
use crate::review::{Actor, Author, Role, Rules};

/// Most connections, those that wait for their turn included.
const MOST_CONNECTIONS: usize = 1024;
/// Clients of one user served at once.
const MOST_OF_USER: usize = 16;
/// How long a client that said hello may be silent.
const IDLE: Duration = Duration::from_secs(300);
/// How long one may take to say hello or to take an answer, and may wait for its turn.
const WAIT: Duration = Duration::from_secs(30);
/// The pause between an answer and the next request of the same client.
const PACE: Duration = Duration::from_millis(20);

/// What serving a client takes.
pub(super) struct Server {
    pub(super) recorder: mpsc::Sender<Message>,
    pub(super) shared: Arc<Shared>,
    pub(super) started: Timestamp,
    /// Whether the daemon is stopping: nobody is asked for more. Whoever holds the sender waits for it to be closed:
    /// then every client that asked has its answer.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Binds the socket. One left over from a daemon that was killed is replaced: nobody answers on it.
pub(super) fn bind(path: &Path) -> anyhow::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        anyhow::bail!("{} is in use: another daemon listens there", path.display());
    }
    let _ = std::fs::remove_file(path);
    let hint = "does its folder exist, and may the daemon write there? [daemon] control-socket names another place";
    let listener = UnixListener::bind(path).with_context(|| format!("{} cannot be made: {hint}", path.display()))?;
    // Who may connect is the folder's and the group's matter; who may decide is asked of every client.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))
        .context("the control socket's mode cannot be set")?;
    Ok(listener)
}

/// Serves clients for ever. A client that breaks off, says nothing or too much hurts nobody but itself.
pub(super) async fn accept(listener: UnixListener, server: Arc<Server>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut of_user: BTreeMap<u32, Arc<Semaphore>> = BTreeMap::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a control client could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(peer) = stream.peer_cred() else { continue };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("a control client is turned away: {MOST_CONNECTIONS} are there");
            continue;
        };
        of_user.retain(|_, own| Arc::strong_count(own) > 1);
        let own = Arc::clone(of_user.entry(peer.uid()).or_insert_with(|| Arc::new(Semaphore::new(MOST_OF_USER))));
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            // One user's clients wait for each other, and for nobody else's.
            let turn = tokio::select! {
                turn = tokio::time::timeout(WAIT, Arc::clone(&own).acquire_owned()) => turn,
                () = ended(server.stopping.clone()) => {
                    let _ = say(&mut { stream }, &stopping()).await;
                    return;
                }
            };
            match turn {
                Ok(Ok(turn)) => {
                    if let Err(error) = serve(stream, &server).await {
                        tracing::debug!(%error, "a control client broke off");
                    }
                    drop(turn);
                }
                _ => {
                    let why =
                        format!("{MOST_OF_USER} of your clients are served already: try again when one has ended");
                    let _ = say(&mut { stream }, &Reply::Refused { why }).await;
                }
            }
            drop(place);
        });
    }
}

/// The peer, and what it may do. Root and the daemon's own user may do everything; `None`: it is in no group that may
/// even look.
fn peer(stream: &UnixStream, roles: &RoleSettings) -> std::io::Result<(Author, Option<Role>)> {
    let credentials = stream.peer_cred()?;
    let uid = Uid::from_raw(credentials.uid());
    let user = User::from_uid(uid).ok().flatten();
    let name = user.as_ref().map_or_else(|| uid.to_string(), |user| user.name.clone());
    let is_in =
        |groups: &[String]| groups.iter().any(|group| is_member(group, &name, user.as_ref(), credentials.gid()));
    let all = uid.is_root() || uid == Uid::current();
    let role = [
        (Role::Administrator, all || is_in(&roles.administrators)),
        (Role::Approver, is_in(&roles.approvers)),
        (Role::Reviewer, is_in(&roles.reviewers)),
        (Role::Reader, roles.readers.is_empty() || is_in(&roles.readers)),
    ];
    let role = role.into_iter().find(|(_, has)| *has).map(|(role, _)| role);
    let login = credentials.pid().and_then(|pid| login(pid, uid));
    Ok((Author { uid: uid.as_raw(), name, login }, role))
}

/// Who logged in, by the audit login uid that the kernel keeps of every process, through sudo and su. `None`: the same
/// user, nobody (a service), or it may not be read.
fn login(pid: i32, uid: Uid) -> Option<crate::net::User> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?;
    let number: u32 = text.trim().parse().ok().filter(|number| *number != u32::MAX && *number != uid.as_raw())?;
    let known = User::from_uid(Uid::from_raw(number)).ok().flatten();
    Some(crate::net::User { uid: number, name: known.map_or_else(|| number.to_string(), |user| user.name) })
}

fn is_member(group: &str, name: &str, user: Option<&User>, gid: u32) -> bool {
    let Ok(Some(group)) = Group::from_name(group) else { return false };
    group.gid == Gid::from_raw(gid)
        || user.is_some_and(|user| user.gid == group.gid)
        || group.mem.iter().any(|member| member == name)
}

/// What was asked was not done and will not be.
fn stopping() -> Reply {
    Reply::Refused { why: "the daemon is stopping: nothing was changed".to_owned() }
}

/// Sends a reply; a client that does not read is left.
async fn say(write: &mut (impl AsyncWriteExt + Unpin), reply: &Reply) -> std::io::Result<()> {
    let mut out = serde_json::to_vec(reply).unwrap_or_default();
    out.push(b'\n');
    tokio::time::timeout(WAIT, write.write_all(&out)).await?
}

async fn serve(stream: UnixStream, server: &Server) -> std::io::Result<()> {
    let (author, role) = peer(&stream, &server.shared.config.borrow().roles)?;
    let (read, mut write) = stream.into_split();
    let Some(role) = role else {
        let why = format!("'{}' may not look here: that takes membership of a group that [roles] names", author.name);
        return say(&mut write, &Reply::Refused { why }).await;
    };
    let by = Actor { author, role };
    let mut read = BufReader::new(read);
    let mut greeted = false;
    loop {
        let mut line = String::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX) + 1;
        let patience = if greeted { IDLE } else { WAIT };
        let mut limited = (&mut read).take(limit);
        // What was asked before the daemon stops is answered.
        let got = tokio::select! {
            biased;
            got = tokio::time::timeout(patience, limited.read_line(&mut line)) => got,
            () = ended(server.stopping.clone()) => return Ok(()),
        };
        let Ok(length) = got.unwrap_or(Ok(0)) else { return Ok(()) };
        if length == 0 {
            return Ok(());
        }
        let whole = line.ends_with('\n');
        let reply = match serde_json::from_str::<Request>(&line) {
            _ if !whole => {
                Reply::Refused { why: format!("a line is at most {MAX_LINE} octets long and ends with a line feed") }
            }
            Err(error) => Reply::Refused { why: clean(&format!("that is no request: {error}")) },
            Ok(Request::Hello { version: VERSION }) => {
                greeted = true;
                Reply::Hello { version: VERSION, you: by.author.name.clone(), role }
            }
            Ok(Request::Hello { version }) => Reply::Refused {
                why: format!(
                    "this daemon speaks version {VERSION}, you speak {version}: use the lenswarden it came with"
                ),
            },
            Ok(_) if !greeted => Reply::Refused { why: "say hello first".to_owned() },
            Ok(request) => {
                let asked = asked(&request);
                let reply = answer(request, server, &by).await;
                if let Some(asked) = asked {
                    let outcome = match &reply {
                        Reply::Refused { why } => clean(&format!("refused: {why}")),
                        _ => "done".to_owned(),
                    };
                    let author = by.author.clone();
                    let _ = server.recorder.send(Message::Asked { author, asked, outcome }).await;
                }
                reply
            }
        };
        say(&mut write, &reply).await?;
        if !whole {
            return Ok(());
        }
        // Many requests a second of one client are no person's, and everybody waits for the same disk.
        tokio::time::sleep(PACE).await;
    }
}

/// What a request is to change, for the log; `None`: nothing.
fn asked(request: &Request) -> Option<String> {
    let words = match request {
        Request::Hello { .. } | Request::Status | Request::Rules | Request::Reviews => return None,
        Request::Decide { decisions } => {
            let findings: Vec<String> = decisions.iter().map(|decision| decision.on.to_string()).collect();
            format!("decide {}", findings.join(", "))
        }
        Request::Run { review } => format!("run {review}"),
        Request::Retry { credential, address: None } => format!("retry {credential}"),
        Request::Retry { credential, address: Some(address) } => format!("retry {credential} {address}"),
        Request::Poll { target } => format!("poll {}", target.as_deref().unwrap_or("all")),
    };
    Some(clean(&words))
}

/// What a request takes at least; what is decided is looked at one by one.
fn takes(request: &Request) -> Role {
    match request {
        Request::Hello { .. } | Request::Status | Request::Rules | Request::Reviews => Role::Reader,
        Request::Decide { .. } | Request::Run { .. } | Request::Poll { .. } => Role::Reviewer,
        Request::Retry { .. } => Role::Administrator,
    }
}

async fn answer(request: Request, server: &Server, by: &Actor) -> Reply {
    let author = &by.author;
    let refused = |why: String| Reply::Refused { why };
    let role = takes(&request);
    if by.role < role {
        let config = server.shared.config.borrow();
        let groups = match role {
            Role::Administrator => &config.roles.administrators,
            Role::Approver => &config.roles.approvers,
            Role::Reviewer | Role::Reader => &config.roles.reviewers,
        };
        return refused(format!(
            "'{}' may look, not do that: it takes the role of {}, membership of group {}",
            author.name,
            role.word(),
            groups.join(" or ")
        ));
    }
    match request {
        Request::Hello { .. } => refused("hello was said already".to_owned()),
        Request::Status => {
            let (reply, seq) = oneshot::channel();
            let _ = server.recorder.send(Message::Seq(reply)).await;
            let visiting = server.shared.visiting.load(Ordering::Relaxed);
            seq.await.map_or_else(|_| stopping(), |seq| Reply::Status { seq, started: server.started, visiting })
        }
        Request::Rules => {
            let (reply, rules) = oneshot::channel();
            let _ = server.recorder.send(Message::Rules(reply)).await;
            let roles = server.shared.config.borrow().roles.clone();
            rules.await.map_or_else(
                |_| stopping(),
                |Rules { two_persons, longest, packs, .. }| Reply::Rules {
                    you: author.clone(),
                    two_persons,
                    longest,
                    packs,
                    reviewers: roles.reviewers,
                    approvers: roles.approvers,
                },
            )
        }
        Request::Decide { decisions } => {
            let (reply, decided) = oneshot::channel();
            let message = Message::Decide { requests: decisions, by: by.clone(), reply };
            let _ = server.recorder.send(message).await;
            match decided.await {
                Ok(Ok((findings, seq))) => Reply::Decided { findings, seq },
                Ok(Err(why)) => refused(why),
                Err(_) => stopping(),
            }
        }
        Request::Reviews => {
            let planned = |plan: &ReviewPlan| Planned {
                name: plan.name.clone(),
                select: plan.select.clone(),
                owner: plan.owner.clone(),
                due_s: plan.due.as_secs(),
            };
            Reply::Reviews { reviews: server.shared.config.borrow().reviews.iter().map(planned).collect() }
        }
        Request::Run { review } => {
            let (reply, opened) = oneshot::channel();
            let _ = server.recorder.send(Message::Run { review, reply }).await;
            match opened.await {
                Ok(Ok((cycle, items))) => Reply::Opened { cycle, items },
                Ok(Err(why)) => refused(why),
                Err(_) => stopping(),
            }
        }
        Request::Retry { credential, address } => {
            let (reply, cleared) = oneshot::channel();
            let message = Message::Retry { credential, address, author: author.clone(), reply };
            let _ = server.recorder.send(message).await;
            match cleared.await {
                Ok(Ok(count)) => {
                    server.shared.poke(address.map(|address| address.to_string()).as_deref());
                    Reply::Done { count }
                }
                Ok(Err(why)) => refused(why),
                Err(_) => stopping(),
            }
        }
        Request::Poll { target } => match server.shared.poke(target.as_deref()) {
            0 => refused(match target {
                Some(target) => format!("there is no target '{target}': 'lenswarden targets' lists them"),
                None => "there is no target".to_owned(),
            }),
            count => Reply::Done { count },
        },
    }
}
