//! Images on their way to a device: copied from page-locked memory on a stream of their own, so that neither the host nor the
//! step before waits.

use super::driver::{self, Block, Event, MAIN, Pinned, Stream};
use super::problem::CudaProblem;

/// Copies that may be under way at once: two images a step, for two steps.
const SLOTS: usize = 4;

/// Memory of one copy.
struct Slot {
    host: Option<Pinned>,
    device: Option<Block>,
    len: usize,
    /// The copy has arrived.
    arrived: Event,
    /// Work on dfdx's stream has read it.
    read: Event,
}

/// A device's uploads.
pub(crate) struct Uploads {
    stream: Stream,
    slots: Vec<Slot>,
    next: usize,
}

impl Uploads {
    pub(crate) fn new() -> Result<Self, CudaProblem> {
        let slot = || {
            Ok(Slot {
                host: None,
                device: None,
                len: 0,
                arrived: driver::new_event()?,
                read: driver::new_event()?,
            })
        };
        Ok(Self {
            stream: driver::new_stream()?,
            slots: (0..SLOTS).map(|_| slot()).collect::<Result<_, CudaProblem>>()?,
            next: 0,
        })
    }

    /// Brings values to the device and has `read`, which gets their address, put work that reads them on dfdx's stream. The host
    /// waits only where it is [`SLOTS`] copies ahead.
    pub(crate) fn send<E: From<CudaProblem>>(
        &mut self,
        values: &[f32],
        read: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let (stream, slot) = (self.stream, &mut self.slots[self.next]);
        self.next = (self.next + 1) % SLOTS;
        // Both memories of the slot are free once its last copy has been read.
        driver::wait_for(slot.read)?;
        if slot.len < values.len() || slot.host.is_none() {
            (slot.host, slot.device, slot.len) = (None, None, 0);
            slot.device = Some(Block::new(size_of_val(values).max(4))?);
            slot.host = Some(Pinned::new(values.len().max(1))?);
            slot.len = values.len();
            // The allocation is ordered on dfdx's stream.
            driver::record(slot.arrived, MAIN)?;
            driver::wait_on(stream, slot.arrived)?;
        }
        let (Some(host), Some(device)) = (&mut slot.host, &slot.device) else {
            return Ok(());
        };
        send(host, values, device.pointer(), stream)?;
        driver::record(slot.arrived, stream)?;
        driver::wait_on(MAIN, slot.arrived)?;
        read(device.pointer())?;
        driver::record(slot.read, MAIN)?;
        Ok(())
    }
}

#[allow(unsafe_code)] // one copy, whose memory `Uploads::send` has made large enough and seen to be free
fn send(host: &mut Pinned, values: &[f32], to: u64, stream: Stream) -> Result<(), CudaProblem> {
    // SAFETY: see there.
    unsafe { host.send(values, to, stream) }
}
