package cluster

import (
	"io"
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Sizes of an outbox.
const (
	bigFrame  = 16 << 10 // a frame above this goes by the slow lane
	chunkSize = 64 << 10 // a buffer that has this much is full
	keepSpace = 96 << 10 // the room that a buffer has
	manyFull  = 4        // with so many full ones senders make way for the writer
	overdraft = 4 << 20  // what frames that cannot be refused may take above the limit
)

// outbox is what a session has to send. Those who send put whole frames into it;
// one goroutine, the writer, takes them out.
//
// There are two lanes. fast is buffers that the writer takes all at once, so that
// the more there is the fewer calls it takes; they are small enough to stay in a
// cache and to be used again. In slow are big frames, and, because order holds from
// sender to receiver, all frames for a receiver that has something in slow. Each
// round writes all that is in fast, and then one piece of slow, if the window is open:
// so a small message waits behind few big ones, not behind all of them. A big message
// is made a frame outside of the lock, in a buffer of its own, which is written as it
// is.
type outbox struct {
	limit int // bytes, above which put refuses

	mu       sync.Mutex
	fast     []byte         // guarded by mu: the buffer that is being filled; nil: a spare one is next
	forms    wire.Forms     // guarded by mu: appends casts of fixed size to fast
	full     [][]byte       // guarded by mu: those before it, the oldest first
	batch    [][]byte       // of the writer: what it has taken
	size     int            // guarded by mu: bytes in fast and full
	slow     []piece        // guarded by mu: the oldest first
	slowSize int            // guarded by mu: bytes in slow
	waiting  map[uint64]int // guarded by mu: frames in slow, for each receiver
	window   window         // guarded by mu: of slow
	writing  int            // guarded by mu: bytes that the writer has taken and not written
	asleep   bool           // guarded by mu: the writer waits for wake
	corked   bool           // guarded by mu: see cork
	closed   error          // guarded by mu: nothing is taken any more
	written  uint64         // guarded by mu: bytes
	last     bool           // guarded by mu: what is queued is to be written before the end

	begun  time.Time     // for the window
	wake   chan struct{} // one slot
	direct *direct       // nil: there is none
}

// piece is what a round takes of the slow lane: a big frame, or some up to chunkSize.
type piece struct {
	b  []byte
	to []uint64 // whom the frames are for
}

// urgency says how a frame queues.
type urgency uint8

const (
	// data goes behind what the same receiver has in the slow lane, and is
	// refused when the outbox is full.
	data urgency = iota
	// owed is data that cannot be refused: an answer.
	owed
	// early overtakes the slow lane: it can be in nobody's way.
	early
	// late comes after all that was put before.
	late
)

func newOutbox(limit int) *outbox {
	return &outbox{
		limit: limit, waiting: map[uint64]int{}, wake: make(chan struct{}, 1),
		begun: time.Now(),
	}
}

// put appends one frame, which add makes, for the receiver to. A frame may be as
// large as it likes while the outbox is empty. The errors: ErrOutboundFull, and
// what the outbox was closed with. add runs with the lock held: it only appends.
func (o *outbox) put(to uint64, u urgency, add func(dst []byte) []byte) error {
	return o.putAlone(to, u, false, add)
}

// putAlone is put; alone says that nothing else is likely to be sent soon, so that
// there is nothing to gain by waiting for more, as the writer does.
func (o *outbox) putAlone(to uint64, u urgency, alone bool, add func(dst []byte) []byte) error {
	o.mu.Lock()
	if err := o.room(u); err != nil {
		o.mu.Unlock()
		return err
	}
	before := len(o.fast)
	o.fast = add(o.fast)
	o.queue(to, u, before)
	if alone && !o.corked {
		o.writeHere()
	}
	o.wakeAndUnlock()
	return nil
}

// cork keeps the writer from being woken before uncork, unless a buffer is full or
// the outbox closed. The reader calls it, for as long as it delivers a batch; it waits
// for nothing meanwhile.
func (o *outbox) cork() {
	o.mu.Lock()
	o.corked = true
	o.mu.Unlock()
}

// uncork writes what was put meanwhile, or wakes the writer for it.
func (o *outbox) uncork() {
	o.mu.Lock()
	o.corked = false
	if o.size > 0 {
		o.writeHere()
	}
	o.wakeAndUnlock()
}

// writeHere writes what is in fast on the goroutine of who has put it there, which
// spares a lone call, and a batch, the way over the writer: two µs, or ten if a
// processor has to be woken. It does nothing if the writer is at work, or has more to
// do than that, and it does not wait: what the connection does not take at once is
// left. mu is held; while mu is given up the writer counts as awake, so that nobody
// wakes it, and this goroutine is the writer. If something is left to do then, the
// caller, who finds asleep set, wakes it.
func (o *outbox) writeHere() {
	if !o.asleep || o.direct == nil || len(o.full) > 0 || o.slowReady() {
		return
	}
	o.asleep = false
	b := o.fast
	o.fast, o.size = nil, 0
	o.writing = len(b)
	o.mu.Unlock()
	n := o.direct.write(b)
	o.mu.Lock()
	o.writing = 0
	o.written += uint64(n)
	o.asleep = true
	if n == len(b) {
		keep(b)
		return
	}
	o.full = slices.Insert(o.full, 0, b[n:])
	o.size += len(b) - n
}

// spares are empty buffers. All sessions share them: one that has nothing to send
// has no buffer, and one that is behind as many as it needs, without one of them
// being made, and so cleared, anew.
var spares = sync.Pool{New: func() any { return new([keepSpace]byte) }}

// spare returns an empty buffer.
func spare() []byte {
	return spares.Get().(*[keepSpace]byte)[:0] //nolint:forcetypeassert // New makes no other
}

// spareFor returns an empty buffer that the frame of those arguments fits into.
func spareFor(args []byte, variant string) []byte {
	if size := len(args) + len(variant) + frameOverhead; size > keepSpace {
		return make([]byte, 0, size)
	}
	return spare()
}

// keep takes a buffer back that is written.
func keep(b []byte) {
	if cap(b) == keepSpace {
		spares.Put((*[keepSpace]byte)(b[:keepSpace]))
	}
}

// putCast is put for a cast: it makes no closure.
func (o *outbox) putCast(to uint64, variant string, args []byte) error {
	if len(args) > bigFrame {
		return o.putBig(to, data, wire.AppendCast(spareFor(args, variant), to, args, variant, nil))
	}
	o.mu.Lock()
	if err := o.room(data); err != nil {
		o.mu.Unlock()
		return err
	}
	before := len(o.fast)
	o.fast = wire.AppendCast(o.fast, to, args, variant, nil)
	o.queue(to, data, before)
	o.wakeAndUnlock()
	return nil
}

// putFixed is put for a cast of fixed size: its form is copied, and the values are
// stored where they belong.
func (o *outbox) putFixed(to uint64, v *variant, at unsafe.Pointer) error {
	o.mu.Lock()
	if err := o.room(data); err != nil {
		o.mu.Unlock()
		return err
	}
	before := len(o.fast)
	dst, what := o.forms.Append(o.fast, v.fixed.form, to)
	if err := v.fixed.fill(what, at); err != nil {
		o.mu.Unlock() // fast ends where it did
		return v.blame("encode", err)
	}
	o.fast = dst
	o.queue(to, data, before)
	o.wakeAndUnlock()
	return nil
}

// putCall is put for a call.
func (o *outbox) putCall(to, tag, timeoutMS uint64, limited, alone bool, variant string, args []byte) error {
	if len(args) > bigFrame {
		return o.putBig(to, data, wire.AppendCall(spareFor(args, variant), to, args, tag, timeoutMS, limited, variant, nil))
	}
	return o.putAlone(to, data, alone, func(dst []byte) []byte {
		return wire.AppendCall(dst, to, args, tag, timeoutMS, limited, variant, nil)
	})
}

// putBig is put for a frame above bigFrame, whose buffer the outbox takes.
func (o *outbox) putBig(to uint64, u urgency, frame []byte) error {
	o.mu.Lock()
	if err := o.room(u); err != nil {
		o.mu.Unlock()
		keep(frame)
		return err
	}
	o.queueSlow(to, frame, true)
	o.wakeAndUnlock()
	return nil
}

// room says why a frame is refused; if it is not, there is a buffer for it. mu is
// held.
func (o *outbox) room(u urgency) error {
	if o.closed != nil {
		return o.closed
	}
	if o.fast == nil {
		o.fast = spare()
	}
	switch queued := o.queued(); {
	case queued < o.limit:
	case u == data:
		return ErrOutboundFull
	case queued >= o.limit+overdraft:
		// It does not read, and goes on asking.
		o.close(errSlowPeer, false)
		return errSlowPeer
	}
	return nil
}

// queue moves the frame that fast has from before on to the slow lane if that is
// its place; mu is held.
func (o *outbox) queue(to uint64, u urgency, before int) {
	length := len(o.fast) - before
	switch {
	case u == early,
		len(o.slow) == 0 && length <= bigFrame,
		u != late && length <= bigFrame && o.waiting[to] == 0:
		o.size += length
		if u != early { // those are our own, or rare
			o.window.alone = 0
		}
		if len(o.fast) >= chunkSize {
			o.full = append(o.full, o.fast)
			o.fast = nil
		}
		return
	}
	o.queueSlow(to, o.fast[before:], false)
	o.fast = o.fast[:before]
}

// queueSlow appends a frame to the last piece of slow, or makes it the next one if
// it does not fit. A frame that is alone in its buffer is the outbox's to keep. mu is
// held.
func (o *outbox) queueSlow(to uint64, frame []byte, alone bool) {
	last := len(o.slow) - 1
	switch {
	case last >= 0 && len(o.slow[last].b)+len(frame) <= chunkSize:
		o.slow[last].b = append(o.slow[last].b, frame...)
		if alone {
			keep(frame)
		}
	case alone:
		o.slow = append(o.slow, piece{b: frame})
		last++
	default:
		o.slow = append(o.slow, piece{b: append(spare(), frame...)})
		last++
	}
	o.slow[last].to = append(o.slow[last].to, to)
	o.slowSize += len(frame)
	o.waiting[to]++
}

// wakeAndUnlock ends a put: if there is something to do for a writer that sleeps, it
// is woken. Who has filled a buffer when there are many steps aside.
func (o *outbox) wakeAndUnlock() {
	held := o.corked && len(o.full) == 0
	wake := o.asleep && ((o.size > 0 || o.slowReady()) && !held || o.closed != nil)
	if wake {
		o.asleep = false
	}
	yield := len(o.full) >= manyFull && len(o.fast) == 0
	o.mu.Unlock()
	if wake {
		o.wake <- struct{}{} // the slot is empty: the writer slept
	}
	if yield {
		runtime.Gosched()
	}
}

// close refuses all further frames with err. What is queued is written before
// the writer ends if last is true, otherwise dropped. The first close counts.
func (o *outbox) close(err error, last bool) {
	if o.closed == nil {
		o.closed, o.last = err, last
	}
}

// end is close for those who do not hold mu.
func (o *outbox) end(err error, last bool) {
	o.mu.Lock()
	o.close(err, last)
	o.wakeAndUnlock()
}

// slowReady says that there is a piece of slow to write; mu is held.
func (o *outbox) slowReady() bool { return o.slowSize > 0 && o.window.open() }

// windowed: the peer knows milestones.
func (o *outbox) windowed() {
	o.mu.Lock()
	o.window.on = true
	o.mu.Unlock()
}

// passed: the peer has read all up to a milestone.
func (o *outbox) passed(milestone uint64) {
	o.mu.Lock()
	o.window.passed(milestone, time.Since(o.begun))
	o.wakeAndUnlock()
}

// queued is how many bytes wait or are being written; mu is held.
func (o *outbox) queued() int { return o.size + o.slowSize + o.writing }

// write is the writer: it writes to w what comes, until the outbox is closed or
// w fails, and returns why. Nothing is taken afterwards.
func (o *outbox) write(w io.Writer) error {
	for {
		slow, err := o.take()
		if err != nil {
			return err
		}
		o.batch = append(o.batch, slow)
		for _, b := range o.batch {
			if len(b) == 0 {
				continue
			}
			if _, err := w.Write(b); err != nil {
				o.end(err, false)
				return err
			}
		}
		o.give()
	}
}

// take waits for something to write: batch, and then slow.
func (o *outbox) take() (slow []byte, err error) {
	o.mu.Lock()
	for o.size == 0 && !o.slowReady() && o.closed == nil {
		o.asleep = true
		o.mu.Unlock()
		<-o.wake
		runtime.Gosched() // those who are about to put something go first: one write for all
		o.mu.Lock()
	}
	defer o.mu.Unlock()
	if o.closed != nil && (!o.last || o.size+o.slowSize == 0) {
		return nil, o.closed
	}
	o.full = append(o.full, o.fast)
	o.batch, o.full = o.full, o.batch[:0]
	o.fast = nil
	o.writing, o.size = o.size, 0
	if o.slowReady() || o.closed != nil && o.slowSize > 0 {
		p := o.slow[0]
		o.slow[0] = piece{}
		if o.slow = o.slow[1:]; len(o.slow) == 0 {
			o.slow = nil // the memory behind us goes with it
		}
		for _, to := range p.to {
			if o.waiting[to]--; o.waiting[to] == 0 {
				delete(o.waiting, to)
			}
		}
		slow = p.b
		o.slowSize -= len(slow)
		if o.window.on && o.closed == nil {
			slow = o.appendMilestone(slow)
		}
		o.writing += len(slow)
	}
	return slow, nil
}

// appendMilestone puts a milestone behind a piece, for which its buffer has room: one
// write for both, and one read. mu is held.
func (o *outbox) appendMilestone(piece []byte) []byte {
	m := &wire.Go{Msg: &wire.Go_Milestone{Milestone: &wire.Milestone{N: o.window.sends(time.Since(o.begun))}}}
	return wire.Append(piece, &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: m}})
}

// give brings the buffers back when they have been written.
func (o *outbox) give() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written += uint64(o.writing)
	o.writing = 0
	for _, b := range o.batch {
		keep(b)
	}
	clear(o.batch[:cap(o.batch)])
	if cap(o.batch) > 1024 {
		o.batch = nil
	}
}
