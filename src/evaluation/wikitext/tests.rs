use super::{Sums, detokenize, windows, words};

#[test]
fn a_text_is_put_together_again() {
    for (given, expected) in [
        (
            " \n = Robert Boulter = \n \n He had a guest @-@ starring role , in 1 @,@ 000 \n",
            "\n= Robert Boulter =\n\nHe had a guest-starring role, in 1,000\n",
        ),
        ("the dogs ' bone", "the dogs' bone"),
        (" = = History = = \n = = = A = = = ", " == History ==\n=== A === "),
        ("( a b ) and [ c ] { d }", "(a b) and [c] {d}"),
        // What opens pairs with the first thing that closes.
        ("( a ( b ) c )", "(a ( b) c )"),
        ("\" one \" , \" two \n\" ' x '", "\"one\", \"two\" 'x'"),
        ("20 \u{b0} C : 3 ; 4 ! 5 ? 6", "20\u{b0}C: 3; 4! 5? 6"),
        ("Teddy 's 'suit", "Teddy's'suit"),
        ("/' 5/ /' 55/", "/'[0-9]/ /' 55/"),
        (" N N N ", " 1 N 1 "),
        ("a \r\n b", "a \r\nb"),
        ("", ""),
    ] {
        assert_eq!(detokenize(given), expected, "{given:?}");
    }
}

#[test]
fn words_are_what_single_spaces_separate() {
    assert_eq!((words(" a b  c \n d "), words("one"), words(" ")), (6, 1, 1));
}

#[test]
fn every_token_but_the_first_is_scored_once() {
    for longest in [1, 20, 32, 100, 512] {
        for length in [0, 1, 2, 31, 32, 33, 34, 99, 100, 101, 132, 133, 134, 700, 1025] {
            let all = windows(length, longest);
            assert_eq!(all.len(), length.saturating_sub(1).div_ceil(32).max(1));
            let scored: Vec<usize> = all.iter().flat_map(|it| it.scored.clone()).collect();
            // A context shorter than a step leaves holes, as it would there.
            if longest >= 32 {
                assert_eq!(scored, (1..length).collect::<Vec<_>>(), "{length} {longest}");
            }
            for it in &all {
                assert!(it.read.len() <= longest && it.scored.clone().all(|at| it.read.contains(&(at - 1))));
            }
        }
    }
    // The test set: as many windows as in the paper's run, of which the last 31 score nothing.
    let all = windows(270_330, 1024);
    assert_eq!((all.len(), all.iter().filter(|it| it.scored.is_empty()).count()), (8448, 31));
}

#[test]
fn perplexities_have_an_end() {
    let sums = Sums { scored: 4, nats: 8.0 };
    assert_eq!((sums.loss(5), sums.perplexity(5), sums.adjusted(3)), (2.0, 2f64.exp(), 4f64.exp()));
    assert_eq!(Sums { scored: 1, nats: 99.0 }.perplexity(2), 20f64.exp());
    assert_eq!(Sums::default().adjusted(0), 1.0);
}
