//! The first device that will have a model, or the fastest.

use super::backends::Place;
use super::devices::{Findings, Speed, Subject};
use super::protocol::Failure;
use crate::checkpoint::Config;
use crate::model::{Device, Model, ModelError, Precision};

/// Where a model was made, and whether it was.
pub(super) struct Made {
    pub(super) device: Device,
    /// What the backend says of it, but for the processor.
    pub(super) driver: Option<String>,
    /// How it compares with the processor, where that was measured.
    pub(super) measured: Option<String>,
    pub(super) outcome: Result<Box<dyn Model>, ModelError>,
    /// What the user should know of the devices.
    pub(super) notes: Vec<String>,
}

/// Makes the model in a place.
pub(super) type Load<'a> = dyn FnMut(&Place, Precision) -> Result<Box<dyn Model>, ModelError> + 'a;

/// How a device is chosen.
pub(super) struct Choice<'a> {
    /// Whether the user left it to the program.
    pub(super) is_auto: bool,
    /// What was found out before, and is from now on.
    pub(super) findings: Findings,
    pub(super) config: &'a Config,
    /// Threads on the processor.
    pub(super) threads: usize,
    /// The precision to have in a place.
    pub(super) precision: &'a dyn Fn(&Place) -> Precision,
    /// Whether there is memory for it.
    pub(super) fits: &'a dyn Fn(&Place, Precision) -> Result<(), Failure>,
    pub(super) load: &'a mut Load<'a>,
    /// Tokens a second.
    pub(super) speed: &'a mut dyn FnMut(&mut dyn Model) -> Result<f64, ModelError>,
}

impl Choice<'_> {
    /// Makes the model in the first of the places that will have it; where the program chooses, in the faster.
    pub(super) fn make(self, places: &[Place], mut notes: Vec<String>) -> Result<Made, Failure> {
        let findings = self.findings.clone();
        // A GPU that was found to be slower.
        let mut slower: Option<(&Place, Speed)> = None;
        for (index, place) in places.iter().enumerate() {
            let precision = (self.precision)(place);
            if let Err(refused) = (self.fits)(place, precision) {
                // What is slower is better than nothing.
                let Some((place, speed)) = slower else { return Err(refused) };
                let outcome = (self.load)(place, (self.precision)(place));
                let measured = Some(said(&place.device, speed));
                return Ok(Made { device: place.device.clone(), driver: place.driver(), measured, outcome, notes });
            }
            if place.device == Device::Cpu {
                let measured = slower.map(|(gpu, it)| said(&gpu.device, it));
                let outcome = (self.load)(place, precision);
                return Ok(Made { device: Device::Cpu, driver: None, measured, outcome, notes });
            }
            let subject = Subject {
                findings: &findings,
                backend: place.backend,
                device: &place.device,
                driver: &place.driver,
                config: self.config,
                precision,
                threads: self.threads,
            };
            let known = subject.known().and_then(|it| it.speed);
            if let Some(speed) = known.filter(|it| self.is_auto && !it.is_faster()) {
                slower = Some((place, speed));
                continue;
            }
            match subject.try_out().and_then(|()| (self.load)(place, precision)) {
                // Where the user named the device it is an error; else any model is better.
                Err(error) if self.is_auto && error.is_of_backend() => {
                    let (device, why) = (&place.device, error.to_string());
                    notes.push(format!("{device} cannot run it ({}): running on the CPU", first_line(&why)));
                }
                Ok(model) if self.is_auto && known.is_none() => {
                    return Ok(self.faster(place, model, &subject, places.get(index + 1..).unwrap_or_default(), notes));
                }
                outcome => {
                    let measured = known.map(|it| said(&place.device, it));
                    return Ok(Made { device: place.device.clone(), driver: place.driver(), measured, outcome, notes });
                }
            }
        }
        Err(Failure::NoDevice { device: Device::Cpu, why: "no backend runs here".to_owned() })
    }

    /// Of a GPU's model and the processor's the one that draws faster, which is remembered.
    fn faster(
        self,
        place: &Place,
        mut model: Box<dyn Model>,
        subject: &Subject<'_>,
        others: &[Place],
        mut notes: Vec<String>,
    ) -> Made {
        let on_it = |model, notes| {
            let (device, driver) = (place.device.clone(), place.driver());
            Made { device, driver, measured: None, outcome: Ok(model), notes }
        };
        let Some(cpu) = others.iter().find(|it| it.device == Device::Cpu) else { return on_it(model, notes) };
        let precision = (self.precision)(cpu);
        // Where the processor has no room for it, there is nothing to choose.
        if (self.fits)(cpu, precision).is_err() {
            return on_it(model, notes);
        }
        let here = (self.speed)(&mut *model);
        let mut other = match (self.load)(cpu, precision) {
            Ok(other) => other,
            Err(_) if here.is_ok() => return on_it(model, notes),
            Err(error) => {
                return Made { device: Device::Cpu, driver: None, measured: None, outcome: Err(error), notes };
            }
        };
        let there = (self.speed)(&mut *other);
        let mut measured = None;
        let is_faster = match (here, there) {
            (Ok(device), Ok(cpu)) => {
                let speed = Speed { device, cpu };
                subject.keep_speed(speed);
                let it = measured.insert(said(&place.device, speed));
                notes.push(it.clone());
                speed.is_faster()
            }
            (Ok(_), Err(_)) => true,
            (Err(error), _) => {
                let why = error.to_string();
                notes.push(format!("{} cannot run it ({}): running on the CPU", place.device, first_line(&why)));
                false
            }
        };
        let (place, model) = if is_faster { (place, model) } else { (cpu, other) };
        Made { device: place.device.clone(), driver: place.driver(), measured, outcome: Ok(model), notes }
    }
}

/// How a device compares with the processor, as a user reads it.
fn said(device: &Device, speed: Speed) -> String {
    let taken = if speed.is_faster() { device.to_string() } else { "the CPU".to_owned() };
    format!("{device} draws {:.0} tokens a second, the CPU {:.0}: running on {taken}", speed.device, speed.cpu)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
