//! Places for connections, and which of them have no request.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All places.
pub(crate) struct Slots {
    most: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Numbers given so far: to connections, and to moments at which one became idle.
    numbers: u64,
    open: HashMap<u64, Entry>,
    /// Connections without a request, by the moment since when.
    idle: BTreeMap<u64, u64>,
}

struct Entry {
    close: Arc<Notify>,
    idle_since: Option<u64>,
}

/// The place of a connection, which is free again when all clones are gone.
#[derive(Clone)]
pub(crate) struct Slot(Arc<Place>);

struct Place {
    slots: Arc<Slots>,
    id: u64,
    close: Arc<Notify>,
}

/// A request of a connection, until its answer was sent.
pub(crate) struct Busy(Slot);

impl Slots {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, table: Mutex::default() })
    }

    /// A place for a connection, which is idle at first. If there is none, the connection that has been idle for the longest
    /// time is told to close, and its place is given away; if none is idle, there is no place.
    pub(crate) fn open(self: &Arc<Self>) -> Option<Slot> {
        let mut table = self.lock();
        if table.open.len() >= self.most && !table.close_longest_idle() {
            return None;
        }
        let id = table.number();
        let close = Arc::new(Notify::new());
        table.open.insert(id, Entry { close: close.clone(), idle_since: Some(id) });
        table.idle.insert(id, id);
        Some(Slot(Arc::new(Place { slots: self.clone(), id, close })))
    }

    /// Closes the connection that has been idle for the longest time.
    pub(crate) fn close_longest_idle(&self) {
        self.lock().close_longest_idle();
    }

    /// Closes all connections without a request.
    pub(crate) fn close_idle(&self) {
        let mut table = self.lock();
        while table.close_longest_idle() {}
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    fn close_longest_idle(&mut self) -> bool {
        let Some((_, id)) = self.idle.pop_first() else { return false };
        if let Some(entry) = self.open.remove(&id) {
            entry.close.notify_one();
        }
        true
    }
}

impl Slot {
    /// Waits until the connection must close.
    pub(crate) async fn closed(&self) {
        self.0.close.notified().await;
    }

    /// Begins a request, unless the connection must close.
    pub(crate) fn begin(&self) -> Option<Busy> {
        let mut table = self.0.slots.lock();
        let since = table.open.get_mut(&self.0.id)?.idle_since.take();
        if let Some(since) = since {
            table.idle.remove(&since);
        }
        Some(Busy(self.clone()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let place = &self.0.0;
        let mut table = place.slots.lock();
        let now = table.number();
        if let Some(entry) = table.open.get_mut(&place.id) {
            entry.idle_since = Some(now);
            table.idle.insert(now, place.id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.slots.lock();
        let entry = table.open.remove(&self.id);
        if let Some(since) = entry.and_then(|entry| entry.idle_since) {
            table.idle.remove(&since);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    fn is_closed(slot: &Slot) -> bool {
        pin!(slot.closed()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn the_longest_idle_makes_room() {
        let slots = Slots::new(3);
        let [a, b, c] = [(); 3].map(|()| slots.open().unwrap());
        let busy = a.begin().unwrap();
        drop(b.begin().unwrap()); // Idle again, but later than c.
        let d = slots.open().unwrap();
        assert!(is_closed(&c) && c.begin().is_none());
        let busy_too = d.begin().unwrap();
        let e = slots.open().unwrap();
        assert!(is_closed(&b));
        let all_busy = e.begin().unwrap();
        assert!(slots.open().is_none());
        drop((busy, busy_too, all_busy));
        assert!(slots.open().is_some() && is_closed(&a) && !is_closed(&d));
    }

    #[test]
    fn a_place_is_free_when_its_connection_is_gone() {
        let slots = Slots::new(1);
        for _ in 0..10 {
            let slot = slots.open().unwrap();
            let busy = slot.begin().unwrap();
            assert!(slots.open().is_none());
            drop(slot);
            assert!(slots.open().is_none(), "its answer is not sent yet");
            drop(busy);
        }
        let table = slots.lock();
        assert!(table.open.is_empty() && table.idle.is_empty());
    }

    #[test]
    fn only_idle_connections_are_closed_at_the_end() {
        let slots = Slots::new(3);
        let [a, b] = [(); 2].map(|()| slots.open().unwrap());
        let _busy = b.begin();
        slots.close_idle();
        assert!(is_closed(&a) && !is_closed(&b));
    }
}
