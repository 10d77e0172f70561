use super::*;
use crate::text::VocabularyFiles;
use crate::text::vocabulary::VocabularyLimits;

/// Every score is 1.
struct Flat {
    rows: usize,
}

impl Model for Flat {
    fn vocabulary(&self) -> usize {
        self.rows
    }

    fn positions(&self) -> usize {
        1024
    }

    fn precision(&self) -> Precision {
        Precision::F32
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn extend(&mut self, tokens: &[TokenId], scores: Scores, _: &mut dyn FnMut() -> bool) -> Result<(), ModelError> {
        match scores {
            Scores::None => {}
            Scores::Last(row) => row.fill(1.0),
            Scores::Each(hear) => (0..tokens.len()).for_each(|it| hear(it, &vec![1.0; self.rows])),
        }
        Ok(())
    }

    fn position(&self) -> usize {
        0
    }

    fn rewind(&mut self, _: usize) {}

    fn branch(&mut self, _: usize) -> Result<(), ModelError> {
        Ok(())
    }

    fn step(&mut self, _: &[TokenId], scores: &mut [f32]) -> Result<(), ModelError> {
        scores.fill(1.0);
        Ok(())
    }

    fn keep(&mut self, _: usize) {}
}

#[test]
fn ids_without_a_token_are_out_of_reach_wherever_scores_are_asked_for() {
    const ROWS: usize = 8;
    let files = VocabularyFiles {
        vocab: Some(br#"{"a": 0, "b": 1, "c": 4}"#),
        merges: Some(b""),
        config: Some(br#"{"eos_token_id": null, "bos_token_id": null}"#),
        ..VocabularyFiles::default()
    };
    let vocabulary = Vocabulary::read(&files, "", &VocabularyLimits::for_rows(ROWS)).unwrap().unwrap();
    let mut model = without_gaps(Box::new(Flat { rows: ROWS }), &vocabulary);
    // Rows behind the last token are cut off elsewhere.
    let expected = [1.0, 1.0, NEVER, NEVER, 1.0, 1.0, 1.0, 1.0];
    let mut row = [0.0; ROWS];
    model.extend(&[0], Scores::Last(&mut row), &mut || true).unwrap();
    assert_eq!(row, expected);
    let mut heard = Vec::new();
    let mut hear = |_: usize, row: &[f32]| heard.push(row.to_vec());
    model.extend(&[0, 1], Scores::Each(&mut hear), &mut || true).unwrap();
    assert_eq!(heard, [expected, expected]);
    let mut rows = [0.0; 2 * ROWS];
    model.step(&[0, 1], &mut rows).unwrap();
    assert_eq!(rows, [expected, expected].concat()[..]);
}
