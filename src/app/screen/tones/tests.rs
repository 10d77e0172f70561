use super::*;

type Rgb = (u8, u8, u8);

/// xterm's cube and greys.
fn of_index(index: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        16..=231 => {
            let at = |weight: u8| LEVELS[usize::from((index - 16) / weight % 6)];
            (at(36), at(6), at(1))
        }
        232.. => (8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232)),
        0..16 => panic!("the terminal's owner chooses colour {index}"),
    }
}

/// A tone as it is shown in true colour, and among 256.
fn both(tone: Tone) -> [Rgb; 2] {
    [tone.rgb, of_index(tone.index)]
}

fn linear((r, g, b): Rgb) -> [f64; 3] {
    [r, g, b].map(|it| {
        let it = f64::from(it) / 255.0;
        if it <= 0.04045 { it / 12.92 } else { ((it + 0.055) / 1.055).powf(2.4) }
    })
}

/// The contrast ratio of WCAG 2.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |it| {
        let [r, g, b] = linear(it);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    };
    let (a, b) = (luminance(one) + 0.05, luminance(other) + 0.05);
    (a / b).max(b / a)
}

/// Oklab, in which distances are about those that the eye sees.
fn seen(colour: Rgb) -> [f64; 3] {
    let [r, g, b] = linear(colour);
    let cone = |weights: [f64; 3]| (weights[0] * r + weights[1] * g + weights[2] * b).cbrt();
    let long = cone([0.412_221_47, 0.536_332_54, 0.051_445_99]);
    let medium = cone([0.211_903_5, 0.680_699_55, 0.107_396_96]);
    let short = cone([0.088_302_46, 0.281_718_84, 0.629_978_7]);
    [
        0.210_454_26 * long + 0.793_617_79 * medium - 0.004_072_05 * short,
        1.977_998_5 * long - 2.428_592_2 * medium + 0.450_593_7 * short,
        0.025_904_04 * long + 0.782_771_77 * medium - 0.808_675_77 * short,
    ]
}

fn distance(one: Rgb, other: Rgb) -> f64 {
    let (a, b) = (seen(one), seen(other));
    (0..3).map(|it| (a[it] - b[it]).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn text_is_readable_on_the_backgrounds_people_have() {
    let dark = [(0, 0, 0), (30, 30, 30), (40, 44, 52)];
    let light = [(255, 255, 255), (245, 245, 245), (253, 246, 227)];
    for (tones, backgrounds) in [(&ON_DARK, dark), (&ON_LIGHT, light)] {
        for tone in [tones.dim, tones.focus, tones.good, tones.bad, tones.note, tones.mark] {
            for (colour, background) in both(tone).into_iter().flat_map(|it| backgrounds.map(|on| (it, on))) {
                let ratio = contrast(colour, background);
                assert!(ratio >= 4.5, "{colour:?} on {background:?}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn text_is_readable_on_every_heat() {
    for (ground, letters) in ON_DARK.heat.iter().chain(&ON_LIGHT.heat) {
        for (ground, letters) in both(*ground).into_iter().zip(both(*letters)) {
            let ratio = contrast(ground, letters);
            assert!(ratio >= 4.5, "{letters:?} on {ground:?}: {ratio:.2}");
        }
    }
}

#[test]
fn heat_rises_by_even_steps() {
    for (tones, sign) in [(&ON_DARK, 1.0), (&ON_LIGHT, -1.0)] {
        // In true colour, and among 256.
        for which in [0, 1] {
            let grounds: Vec<Rgb> = tones.heat.iter().map(|it| both(it.0)[which]).collect();
            let steps: Vec<f64> = grounds.windows(2).map(|it| distance(it[0], it[1])).collect();
            let mean = steps.iter().sum::<f64>() / steps.len() as f64;
            assert!(steps.iter().all(|it| (it / mean - 1.0).abs() < 0.1), "{steps:?}");
            let lightness: Vec<f64> = grounds.windows(2).map(|it| sign * (seen(it[1])[0] - seen(it[0])[0])).collect();
            assert!(lightness.iter().all(|&it| it > 0.11 && it < 0.18), "{lightness:?}");
        }
    }
}

#[test]
fn the_256_are_near_what_is_meant() {
    for tones in [&ON_DARK, &ON_LIGHT] {
        let texts = [tones.dim, tones.focus, tones.good, tones.bad, tones.note, tones.mark];
        let heat = tones.heat.iter().map(|it| it.0);
        for tone in texts.into_iter().chain(heat) {
            let [meant, shown] = both(tone);
            assert!(distance(meant, shown) < 0.1, "{meant:?} is not {shown:?}");
        }
    }
}
