//! A device that is open: its memory, its queue, and what may go wrong there.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::{Device, ModelError};

/// The backend's name.
pub(super) const NAME: &str = "gpu";

thread_local! {
    /// Whether a panic of this thread is caught, and nothing to be told.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is a library's way to say that a device is lost, which is told otherwise.
#[must_use]
pub fn panic_is_caught() -> bool {
    CAUGHT.get()
}

/// What was heard of the device between two looks.
#[derive(Default)]
struct Heard {
    lost: Option<String>,
    out_of_memory: Option<String>,
    fault: Option<String>,
}

/// An open device.
pub(super) struct Machine {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) name: Device,
    heard: Arc<Mutex<Heard>>,
    /// How long the device may take for what was submitted, before it counts as lost.
    pub(super) patience: Duration,
    /// Whether the next wait panics, as the library does when a card was reset.
    #[cfg(test)]
    pub(super) breaks: std::sync::atomic::AtomicBool,
}

impl Machine {
    pub(super) fn new(device: wgpu::Device, queue: wgpu::Queue, name: Device, patience: Duration) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let lost = heard.clone();
        device.set_device_lost_callback(move |_, why| {
            lost.lock().unwrap_or_else(PoisonError::into_inner).lost.get_or_insert(why);
        });
        let faults = heard.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            let mut heard = faults.lock().unwrap_or_else(PoisonError::into_inner);
            let place = match error {
                wgpu::Error::OutOfMemory { .. } => &mut heard.out_of_memory,
                wgpu::Error::Validation { .. } | wgpu::Error::Internal { .. } => &mut heard.fault,
            };
            place.get_or_insert(error.to_string());
        }));
        Self {
            device,
            queue,
            name,
            heard,
            patience,
            #[cfg(test)]
            breaks: false.into(),
        }
    }

    #[cfg(test)]
    fn break_if_asked(&self) {
        let breaks = self.breaks.swap(false, std::sync::atomic::Ordering::Relaxed);
        assert!(!breaks, "a driver that fails, as a test asked");
    }

    /// Whether all went well since the last look.
    ///
    /// # Errors
    ///
    /// [`ModelError::DeviceLost`], or what the driver said.
    pub(super) fn look(&self) -> Result<(), ModelError> {
        let heard = || self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard().fault.is_some() {
            // Where the device is gone everything is at fault, and that it is gone is told when it is asked.
            let _ = self.poll(wgpu::PollType::Poll);
        }
        let mut heard = heard();
        if let Some(why) = &heard.lost {
            return Err(self.lost(why));
        }
        // Where there was no memory, what followed was wrong as well.
        let (out_of_memory, fault) = (heard.out_of_memory.take(), heard.fault.take());
        match out_of_memory.or(fault) {
            Some(why) => Err(ModelError::of_backend(NAME, why)),
            None => Ok(()),
        }
    }

    fn lost(&self, why: &str) -> ModelError {
        let why = why.lines().next().unwrap_or_default().trim().trim_end_matches('.');
        let why = if why.is_empty() { "it is not there any more" } else { why };
        ModelError::DeviceLost { device: self.name.clone(), why: why.to_owned() }
    }

    /// Makes something of the device, and hears whether it could be made.
    ///
    /// # Errors
    ///
    /// As [`Self::look`].
    pub(super) fn checked<T>(&self, make: impl FnOnce(&wgpu::Device) -> T) -> Result<T, ModelError> {
        let new = make(&self.device);
        self.look()?;
        Ok(new)
    }

    /// Room on the device, of zeros.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(super) fn buffer(&self, bytes: u64, usage: wgpu::BufferUsages) -> Result<wgpu::Buffer, ModelError> {
        self.checked(|device| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: bytes.max(16).next_multiple_of(16),
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// Room that kernels read and write.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub(super) fn storage(&self, bytes: u64) -> Result<wgpu::Buffer, ModelError> {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        self.buffer(bytes, usage)
    }

    /// Brings bytes, a multiple of 4, to a buffer in pieces, each of which is gone from the machine's own memory before the
    /// next comes.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub(super) fn upload(&self, buffer: &wgpu::Buffer, start: u64, bytes: &[u8]) -> Result<(), ModelError> {
        const PIECE: usize = 16 << 20;
        for (index, piece) in bytes.chunks(PIECE).enumerate() {
            self.queue.write_buffer(buffer, start + (index * PIECE) as u64, piece);
            if piece.len() == PIECE {
                self.wait(self.queue.submit([]))?;
            }
        }
        self.look()
    }

    /// Asks the device how far it is. The library panics where a wait ends with an error of the driver, as that of a card that
    /// was reset does: that is a lost device.
    fn poll(&self, how: wgpu::PollType) -> Result<(), wgpu::PollError> {
        CAUGHT.set(true);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            self.break_if_asked();
            self.device.poll(how)
        }));
        CAUGHT.set(false);
        if let Ok(polled) = polled {
            return polled.map(|_| ());
        }
        self.keep_open();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.lost.get_or_insert_with(|| "its driver failed".to_owned());
        Ok(())
    }

    /// Keeps the device open for as long as the process lives: to close one that does not answer would wait for it.
    fn keep_open(&self) {
        std::mem::forget((self.device.clone(), self.queue.clone()));
    }

    /// Waits until what was submitted is done.
    ///
    /// # Errors
    ///
    /// [`ModelError::DeviceLost`] if it is not done in time, or the device went away; else what the driver said.
    pub(super) fn wait(&self, submitted: wgpu::SubmissionIndex) -> Result<(), ModelError> {
        self.wait_for(Some(submitted))
    }

    fn wait_for(&self, submission_index: Option<wgpu::SubmissionIndex>) -> Result<(), ModelError> {
        let timeout = Some(self.patience);
        match self.poll(wgpu::PollType::Wait { submission_index, timeout }) {
            Ok(()) => self.look(),
            Err(wgpu::PollError::Timeout) => {
                self.look()?;
                self.keep_open();
                Err(self.lost(&format!("it did not answer for {} s", self.patience.as_secs_f32())))
            }
            // What was submitted was not taken.
            Err(wgpu::PollError::WrongSubmissionIndex(..)) => {
                let _ = self.poll(wgpu::PollType::Poll);
                self.look()?;
                Err(self.lost("it takes no more work"))
            }
        }
    }

    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
    }

    /// Waits until everything that was submitted is done, and reads floats from the start of a buffer that is for it, behind
    /// which stands a number that must be `expected`.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`]; [`ModelError::DeviceLost`] if it is another number: then something that was submitted was not done,
    /// and its driver said nothing.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, out: &mut [f32], expected: u32) -> Result<(), ModelError> {
        let counted = self.read_uncounted(buffer, out)?;
        if counted == expected { Ok(()) } else { Err(self.lost("it left something out and did not say so")) }
    }

    /// As [`Self::read`]; answers the number.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub(super) fn read_uncounted(&self, buffer: &wgpu::Buffer, out: &mut [f32]) -> Result<u32, ModelError> {
        let slice = buffer.slice(..size_of_val(out) as u64 + 4);
        slice.map_async(wgpu::MapMode::Read, |_| ());
        let waited = self.wait_for(None);
        let copied = waited.and_then(|()| {
            let view = slice.get_mapped_range().map_err(|e| ModelError::of_backend(NAME, e));
            view.map(|view| {
                let (floats, number) = view.split_at(size_of_val(out));
                out.copy_from_slice(bytemuck::cast_slice(floats));
                bytemuck::pod_read_unaligned::<u32>(number)
            })
        });
        buffer.unmap();
        copied
    }
}
