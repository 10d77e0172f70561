//! The tours, from their first step to their last, with the keys that they name.
#![cfg(unix)]

use crate::pty::Pty;
use crate::support::program::{Home, err, megachat, out};

const NEXT: &str = "\x1b[20~";
const GO_ON: &str = "\x1b[15~";
const HEAT: &str = "\x1bOS";
const FUTURES: &str = "\x1b[19~";
const LEAVE: &str = "\x1b[21~";

/// Does the steps of a tour: the keys of each, until there is something to watch.
fn walk(pty: &mut Pty, tour: &str, steps: &[String]) {
    let count = steps.len() + 1;
    for (number, keys) in (1..).zip(steps) {
        pty.see(&format!("{tour} {number}/{count}  Press: "));
        // An escape by itself is told from the beginning of a key by what does not follow it.
        if let Some(rest) = keys.strip_prefix('\x1b').filter(|it| !it.starts_with(['[', 'O'])) {
            pty.press("\x1b");
            pty.wait_for("the text alone", |it| it.contains("> text ") && !it.contains("by the model"));
            pty.press(rest);
        } else {
            pty.press(keys);
        }
        pty.see(&format!("{tour} {number}/{count}  Watch: "));
        pty.press(NEXT);
    }
    pty.see(&format!("{tour} {count}/{count}  "));
}

fn begin(home: &Home, tour: &str) -> Pty {
    let pty = Pty::start(home.path(), &["--tour", tour], &[]);
    pty.see("demo f32 cpu");
    pty
}

fn times(key: &str, count: usize) -> String {
    key.repeat(count)
}

#[test]
fn temperature_is_walked_and_left_with_the_settings_of_before() {
    let home = Home::new();
    let mut pty = begin(&home, "temperature");
    let (warmer, colder) = ("\x1b[1;3A", "\x1b[1;3B");
    let steps = [
        "\r".to_owned(),
        times(colder, 20),
        GO_ON.to_owned(),
        times(warmer, 31),
        GO_ON.to_owned(),
        "\td".to_owned(),
        format!("\x1b{}", times(colder, 16)),
    ];
    walk(&mut pty, "temperature", &steps);
    // The next tour begins on a page of its own.
    pty.press(NEXT);
    pty.see("top-p 1/7  Press: Enter");
    pty.press(LEAVE);
    pty.see("The tour is over");
    pty.press("\x03");
    pty.press("\x04");
    assert_eq!(pty.exit(), 0);
    pty.assert_restored();
}

/// What is said of temperature 0 is so: whatever the seed is, the same words come; and dice differ.
#[test]
fn without_heat_the_dice_do_not_matter() {
    let home = Home::new();
    let drawn = |temperature: &str, seed: &str| {
        let common = ["-q", "-m", "demo", "--device", "cpu", "--dtype", "f32", "--preset", "raw", "-n", "30"];
        let own = ["--temp", temperature, "-s", seed, "-p", "Once upon a time there was a little"];
        out(&megachat(home.path(), &[&common[..], &own].concat()).output().unwrap())
    };
    assert_eq!(drawn("0", "4"), drawn("0", "5"));
    assert_ne!(drawn("1", "4"), drawn("1", "5"));
}

#[test]
fn top_p_is_walked() {
    let home = Home::new();
    let mut pty = begin(&home, "top-p");
    let down = "\x1b[1;3D";
    let steps = [
        "\r".to_owned(),
        times(down, 10),
        times(HEAT, 5),
        times(down, 40),
        "\t\r".to_owned(),
        format!("\x1b{FUTURES}"),
    ];
    walk(&mut pty, "top-p", &steps);
}

/// The word that does not fit is the most surprising one, and the list leads to it.
#[test]
fn surprise_leads_to_the_word_that_does_not_fit() {
    let home = Home::new();
    let mut pty = begin(&home, "surprise");
    let steps = ["\x1ba".to_owned(), HEAT.to_owned(), "\ts".to_owned(), "\r".to_owned()];
    for (number, keys) in (1..).zip(&steps) {
        pty.see(&format!("surprise {number}/7  Press: "));
        if number == 4 {
            // The list is there when the model has read the text.
            pty.wait_for("the list", |screen| screen.contains("volcano\""));
        }
        pty.press(keys);
        pty.see(&format!("surprise {number}/7  Watch: "));
        pty.press(NEXT);
    }
    pty.see("surprise 5/7  Press: ");
    pty.press("\r");
    pty.see("surprise 5/7  Watch: ");
    pty.wait_for("the word", |screen| screen.contains("volcano\"") && screen.contains("rank"));
    pty.press(NEXT);
    pty.see("surprise 6/7  Press: ");
    pty.press("\x1b");
    pty.wait_for("the text alone", |it| it.contains("> text ") && !it.contains("by the model"));
    pty.press(HEAT);
    pty.see("surprise 6/7  Watch: ");
    pty.press(NEXT);
    pty.see("surprise 7/7  ");
}

#[test]
fn loops_are_walked_into_and_out_of() {
    let home = Home::new();
    let mut pty = begin(&home, "loops");
    pty.see("loops 1/7  Press: ");
    pty.press("\r");
    pty.see("loops 1/7  Watch: ");
    pty.see("going round in circles");
    pty.press(NEXT);
    for (number, keys) in [(2, "\x1b"), (3, HEAT), (4, "\x10repeat-penalty 1.5\r"), (5, GO_ON)] {
        pty.see(&format!("loops {number}/7  Press: "));
        pty.press(keys);
        pty.see(&format!("loops {number}/7  Watch: "));
        pty.press(NEXT);
    }
    pty.see("loops 6/7  Press: ");
    pty.press(&times("\x1b[1;3A", 16));
    pty.see("loops 6/7  Watch: ");
    pty.press(NEXT);
    pty.see("loops 7/7  ");
}

#[test]
fn a_tour_needs_a_screen_and_the_demo() {
    let home = Home::new();
    for (arguments, why) in [
        (&["--tour", "loops"][..], "needs a terminal"),
        (&["--tour", "loops", "--plain"], "needs a terminal"),
        (&["--tour", "nowhere"], "temperature, top-p, surprise, loops"),
        (&["--tour", "loops", "a", "text"], "cannot be used with"),
    ] {
        let output = megachat(home.path(), arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(why), "{}", err(&output));
    }
}

/// Other bits throw other dice: a tour with another model than it was written for says so.
#[test]
fn a_tour_with_another_model_says_what_it_was_written_for() {
    let home = Home::new();
    let mut pty = Pty::start(home.path(), &["--model", "demo", "--dtype", "q8", "--device", "cpu"], &[]);
    pty.see("demo q8 cpu");
    pty.press(NEXT);
    pty.wait_for("what it was written for", |it| it.contains("not for demo q8") && it.contains("megachat --tour"));
    let own = begin(&Home::new(), "temperature");
    own.see("temperature 1/8  Press: ");
    assert!(!own.contents().contains("written for"), "{}", own.contents());
}

/// A text of its own tells the temperature, the luck and the settings that drew it.
#[test]
fn a_text_tells_what_drew_it() {
    let home = Home::new();
    let arguments = ["--model", "demo", "--dtype", "f32", "--device", "cpu", "--preset", "raw", "-n", "60", "-s", "3"];
    let mut pty = Pty::start(home.path(), &arguments, &[]);
    pty.see("demo f32 cpu");
    pty.press("One day Tom\r");
    pty.drawn(60);
    pty.press("\ts");
    pty.see("most surprising");
    pty.press("\t");
    let row = |screen: &str, name: &str| -> Option<Vec<f64>> {
        let line = screen.lines().find_map(|it| it.split_once(name))?.1;
        Some(
            line.split(|it: char| !(it.is_ascii_digit() || ".-^".contains(it)))
                .filter_map(|it| it.rsplit('^').next()?.parse().ok())
                .collect(),
        )
    };
    // Of all, typed and drawn.
    pty.wait_for("an interval that holds the temperature", |it| {
        row(it, "95% interval").is_some_and(|it| it.len() >= 2 && it[0] < 1.0 && it[1] > 1.0)
    });
    pty.wait_for("luck of dice", |it| {
        row(it, "luck, in sigmas").is_some_and(|it| it.last().is_some_and(|it| it.abs() < 3.0))
    });
    pty.wait_for("settings as they drew", |it| row(it, "settings of now").is_some_and(|it| it.last() == Some(&0.0)));
    // Colder, the unlikely words of the text would hardly have come.
    pty.press(&times("\x1b[1;3B", 10));
    pty.wait_for("colder settings", |it| {
        row(it, "settings of now").is_some_and(|it| it.last().is_some_and(|it| *it < -1.0))
    });
}
