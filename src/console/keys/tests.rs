use super::*;

#[test]
fn no_key_means_two_things_in_one_place() {
    for context in EVERYWHERE {
        let mut seen: Vec<Chord> = Vec::new();
        for binding in KEYS.iter().filter(|binding| binding.contexts.contains(context)) {
            for chord in binding.chords {
                assert!(!seen.contains(chord), "{chord:?} twice in {context:?}");
                seen.push(*chord);
            }
        }
    }
}

#[test]
fn no_letter_is_a_command_where_text_is_typed() {
    for context in EVERYWHERE.iter().filter(|context| context.takes_text()) {
        let commands = KEYS.iter().filter(|binding| binding.contexts.contains(context));
        let letters = commands
            .flat_map(|binding| binding.chords)
            .filter(|Chord(code, control)| matches!(code, KeyCode::Char(_)) && !control);
        assert_eq!(letters.count(), 0, "{context:?}");
    }
}
