use super::*;
use crate::assets;

#[test]
fn marks_become_the_other_vocabularys_marks_and_text_is_cut_anew() {
    let gpt2 = assets::vocabulary();
    let own = Vocabulary::from_gpt2_merges("a b\nab c\n\u{120} ab\n").unwrap();
    let end = own.ends()[0];
    let text = gpt2.encode("abc ab").unwrap().tokens;
    let tokens = [&[50256][..], &text, &[50256]].concat();
    let read = translate(&tokens, &gpt2, &own).unwrap().0;
    assert_eq!((read.first(), read.last()), (Some(&end), Some(&end)));
    assert_eq!(own.decode(&read[1..read.len() - 1]), "abc ab");
    assert_eq!(translate(&read, &own, &gpt2).unwrap(), (tokens, Vec::new()));
}

#[test]
fn a_half_character_stays_as_it_is_and_the_words_beside_it_are_cut_as_words() {
    let gpt2 = assets::vocabulary();
    let own = Vocabulary::from_gpt2_merges("a b\nab c\n\u{120} ab\n").unwrap();
    // The first two bytes of the three of a character, in the middle and at the end.
    let half = gpt2.spell(&[0xe6, 0xbc]).unwrap();
    let (first, second) = (gpt2.encode("abc").unwrap().tokens, gpt2.encode(" abc").unwrap().tokens);
    let read = translate(&[&*first, &half, &second, &half].concat(), &gpt2, &own).unwrap().0;
    let (half, words) = (own.spell(&[0xe6, 0xbc]).unwrap(), |text| own.encode(text).unwrap().tokens);
    assert_eq!(read, [words("abc"), half.clone(), words(" abc"), half].concat());
}
