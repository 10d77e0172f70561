//! Keys and values of what was read, in pages that sequences share.
//!
//! A page has the keys and values of [`PAGE`] positions in all layers. Two sequences that began alike have the same
//! pages; a sequence that goes on in a shared page first makes a copy of it.

#![allow(unsafe_code, reason = "threads write the heads of a page side by side")]

use std::sync::Arc;

use super::lanes::LANES;
use super::large_pages;
use super::pool::Shareable;
use crate::model::ModelError;

/// Positions in a page: a multiple of [`LANES`].
pub(super) const PAGE: usize = 64;

/// What keys and values are held as.
pub(super) trait Element: Copy + Default + Send + Sync + 'static {
    fn from_f32(x: f32) -> Self;
}

impl Element for f32 {
    fn from_f32(x: f32) -> Self {
        x
    }
}

impl Element for half::f16 {
    fn from_f32(x: f32) -> Self {
        Self::from_f32(x)
    }
}

/// The sizes that say where in a page what lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// D, the channels of a head.
    pub(super) width: usize,
}

impl Shape {
    /// D filled up to whole groups.
    pub(super) fn padded(self) -> usize {
        self.width.next_multiple_of(LANES)
    }

    /// Elements of a head's keys in a page. (PAGE / 16, D, 16): sixteen positions side by side.
    fn keys(self) -> usize {
        PAGE * self.width
    }

    /// Elements of a head's values in a page. (PAGE, D filled up).
    fn values(self) -> usize {
        PAGE * self.padded()
    }

    /// Where a head's keys begin in a page; its values follow.
    fn head(self, layer: usize, head: usize) -> usize {
        (layer * self.heads + head) * (self.keys() + self.values())
    }

    fn page(self) -> usize {
        self.head(self.layers, 0)
    }

    /// Bytes of the pages of so many positions, of elements of that size.
    pub(super) fn bytes(self, positions: usize, element: usize) -> u64 {
        let pages = positions.div_ceil(PAGE) as u64;
        pages.saturating_mul(self.page() as u64).saturating_mul(element as u64)
    }
}

/// One sequence's pages.
#[derive(Clone)]
pub(super) struct Cache<E> {
    pub(super) shape: Shape,
    pages: Vec<Arc<Vec<E>>>,
    /// Positions that are filled.
    pub(super) length: usize,
}

impl<E: Element> Cache<E> {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, pages: Vec::new(), length: 0 }
    }

    /// Forgets what lies at `length` and beyond.
    pub(super) fn cut(&mut self, length: usize) {
        // Pages stay for what comes next: making them anew costs more than a token.
        self.length = self.length.min(length);
    }

    /// Makes room for `more` positions, in pages of its own.
    ///
    /// # Errors
    ///
    /// [`ModelError::Memory`]; what was there is then as it was.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), ModelError> {
        let page = || {
            let (count, mut page) = (self.shape.page(), Vec::<E>::new());
            let bytes = count * size_of::<E>();
            let refused = |_| ModelError::Memory { what: "keys and values of the text", bytes: bytes as u64 };
            page.try_reserve_exact(count).map_err(refused)?;
            large_pages::advise(page.as_mut_ptr().cast(), bytes);
            page.resize(count, E::default());
            Ok::<_, ModelError>(page)
        };
        for index in self.length / PAGE..(self.length + more).div_ceil(PAGE) {
            match self.pages.get_mut(index) {
                Some(it) => {
                    if Arc::get_mut(it).is_none() {
                        let mut own = page()?;
                        // What others have too is copied if something in it counts.
                        if index * PAGE < self.length {
                            own.copy_from_slice(it);
                        }
                        *it = Arc::new(own);
                    }
                }
                None => self.pages.push(Arc::new(page()?)),
            }
        }
        Ok(())
    }

    /// A head's keys of a page, (PAGE / 16, D, 16), and its values, (PAGE, D filled up).
    pub(super) fn head(&self, page: usize, layer: usize, head: usize) -> (&[E], &[E]) {
        let start = self.shape.head(layer, head);
        let all = &self.pages[page][start..start + self.shape.keys() + self.shape.values()];
        all.split_at(self.shape.keys())
    }

    /// What writes the next `more` positions, for which [`Self::reserve`] made room.
    pub(super) fn writer(&mut self, more: usize) -> Writer<E> {
        let (first, end) = (self.length / PAGE, (self.length + more).div_ceil(PAGE));
        // A page that others have too was copied by `reserve`, so that each of these can be had.
        let pages = self.pages[first..end].iter_mut().map(|it| Shareable(Arc::make_mut(it).as_mut_ptr())).collect();
        Writer { shape: self.shape, first, pages }
    }
}

/// Pages that are being filled, head by head, by several threads.
pub(super) struct Writer<E> {
    shape: Shape,
    /// The number of the first page.
    first: usize,
    pages: Vec<Shareable<E>>,
}

impl<E: Element> Writer<E> {
    /// Writes a head's key and value, (D,) each.
    ///
    /// # Safety
    ///
    /// The cache has not been touched since [`Cache::writer`], and no other thread writes this head of this layer.
    pub(super) unsafe fn put(&self, position: usize, layer: usize, head: usize, key: &[f32], value: &[f32]) {
        let shape = self.shape;
        assert!(layer < shape.layers && head < shape.heads && key.len() == shape.width && value.len() == shape.width);
        let page = &self.pages[position / PAGE - self.first];
        let (start, within) = (shape.head(layer, head), position % PAGE);
        let keys = start + within / LANES * LANES * shape.width + within % LANES;
        let values = start + shape.keys() + within * shape.padded();
        for (channel, (key, value)) in key.iter().zip(value).enumerate() {
            // SAFETY: layer, head, position and channel are within the page, and this head is this call's alone.
            unsafe {
                page.at(keys + LANES * channel).write(E::from_f32(*key));
                page.at(values + channel).write(E::from_f32(*value));
            }
        }
    }
}
