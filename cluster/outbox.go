package cluster

import (
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Sizes of an outbox.
const (
	bigFrame  = 16 << 10 // a frame above this goes by the slow lane
	slowShare = 64 << 10 // what a round takes of the slow lane, or one frame
	chunkSize = 64 << 10 // a buffer that has this much is full
	keepSpace = 96 << 10 // a buffer with more room than this is given back
	keepSpare = 4        // so many empty buffers are kept
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
// round writes all that is in fast, and then a share of slow: so a small message
// waits behind one big one at most, not behind all of them.
type outbox struct {
	limit int // bytes, above which put refuses

	mu      sync.Mutex
	fast    []byte         // guarded by mu: the buffer that is being filled
	full    [][]byte       // guarded by mu: those before it, the oldest first
	spare   [][]byte       // guarded by mu: empty ones
	batch   [][]byte       // of the writer: what it has taken
	size    int            // guarded by mu: bytes in fast and full
	slow    []byte         // guarded by mu: frames one after another
	lengths []slowFrame    // guarded by mu: of the frames in slow
	first   int            // guarded by mu: the index in lengths of the first that is left
	waiting map[uint64]int // guarded by mu: frames in slow, for each receiver
	writing int            // guarded by mu: bytes that the writer has taken and not written
	asleep  bool           // guarded by mu: the writer waits for wake
	corked  bool           // guarded by mu: see cork
	closed  error          // guarded by mu: nothing is taken any more
	written uint64         // guarded by mu: bytes
	last    bool           // guarded by mu: what is queued is to be written before the end

	wake   chan struct{} // one slot
	direct *direct       // nil: there is none
}

// slowFrame is a frame in the slow lane.
type slowFrame struct {
	to     uint64
	length int
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
	return &outbox{limit: limit, waiting: map[uint64]int{}, wake: make(chan struct{}, 1)}
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
// spares a lone call, and a batch, the way over the writer: two µs, or ten if a processor has to
// be woken. It does not wait: what the connection does not take at once is left.
// mu is held; while mu is given up it counts as awake, so
// that nobody wakes it, and this goroutine is the writer. It does nothing if the writer
// is at work or has more to do than that. If something is left to do
// then, the caller, who finds asleep set, wakes it.
func (o *outbox) writeHere() {
	if !o.asleep || o.direct == nil || len(o.full)+len(o.slow) > 0 {
		return
	}
	o.asleep = false
	b := o.fast
	o.fast, o.size = o.empty(), 0
	o.writing = len(b)
	o.mu.Unlock()
	n := o.direct.write(b)
	o.mu.Lock()
	o.writing = 0
	o.written += uint64(n)
	o.asleep = true
	if n == len(b) {
		o.keep(b)
		return
	}
	o.full = slices.Insert(o.full, 0, b[n:])
	o.size += len(b) - n
}

// empty returns a buffer to fill, nil if there is none; mu is held.
func (o *outbox) empty() []byte {
	last := len(o.spare) - 1
	if last < 0 {
		return nil
	}
	b := o.spare[last]
	o.spare = o.spare[:last]
	return b
}

// keep takes a buffer back that is written; mu is held.
func (o *outbox) keep(b []byte) {
	if cap(b) > 0 && cap(b) <= keepSpace && len(o.spare) < keepSpare {
		o.spare = append(o.spare, b[:0])
	}
}

// putCast is put for a cast: it makes no closure.
func (o *outbox) putCast(to uint64, variant string, args []byte) error {
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

// putCall is put for a call.
func (o *outbox) putCall(to, tag, timeoutMS uint64, limited, alone bool, variant string, args []byte) error {
	return o.putAlone(to, data, alone, func(dst []byte) []byte {
		return wire.AppendCall(dst, to, args, tag, timeoutMS, limited, variant, nil)
	})
}

// room says why a frame is refused; mu is held.
func (o *outbox) room(u urgency) error {
	if o.closed != nil {
		return o.closed
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
		if len(o.fast) >= chunkSize {
			o.full = append(o.full, o.fast)
			if o.fast = o.empty(); o.fast == nil {
				o.fast = make([]byte, 0, keepSpace)
			}
		}
		return
	}
	o.slow = append(o.slow, o.fast[before:]...)
	o.fast = o.fast[:before]
	o.lengths = append(o.lengths, slowFrame{to, length})
	o.waiting[to]++
}

// wakeAndUnlock ends a put: if there is something to do for a writer that sleeps, it
// is woken. Who has filled a buffer when there are many steps aside.
func (o *outbox) wakeAndUnlock() {
	held := o.corked && len(o.full) == 0
	wake := o.asleep && (o.size+len(o.slow) > 0 && !held || o.closed != nil)
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

// queued is how many bytes wait or are being written; mu is held.
func (o *outbox) queued() int { return o.size + len(o.slow) + o.writing }

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
		o.batch = o.batch[:len(o.batch)-1]
		o.give()
	}
}

// take waits for something to write: batch, and then slow. That stays where it is:
// whoever appends to the lane meanwhile writes behind it.
func (o *outbox) take() (slow []byte, err error) {
	o.mu.Lock()
	for o.size+len(o.slow) == 0 && o.closed == nil {
		o.asleep = true
		o.mu.Unlock()
		<-o.wake
		runtime.Gosched() // those who are about to put something go first: one write for all
		o.mu.Lock()
	}
	defer o.mu.Unlock()
	if o.closed != nil && (!o.last || o.size+len(o.slow) == 0) {
		return nil, o.closed
	}
	o.full = append(o.full, o.fast)
	o.batch, o.full = o.full, o.batch[:0]
	o.fast = o.empty()
	share := 0
	for o.first < len(o.lengths) {
		f := o.lengths[o.first]
		if share > 0 && share+f.length > slowShare {
			break
		}
		share += f.length
		o.first++
		if o.waiting[f.to]--; o.waiting[f.to] == 0 {
			delete(o.waiting, f.to)
		}
	}
	if o.first > len(o.lengths)/2 && o.first > 1024 {
		o.lengths = append(o.lengths[:0], o.lengths[o.first:]...)
		o.first = 0
	}
	slow, o.slow = o.slow[:share:share], o.slow[share:]
	o.writing, o.size = o.size+share, 0
	return slow, nil
}

// give brings the buffers back when they have been written.
func (o *outbox) give() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.written += uint64(o.writing)
	o.writing = 0
	for _, b := range o.batch {
		o.keep(b)
	}
	clear(o.batch[:cap(o.batch)])
	if cap(o.batch) > 1024 {
		o.batch = nil
	}
	if len(o.slow) == 0 {
		// The memory behind us goes with it.
		o.slow, o.first = nil, 0
		if o.lengths = o.lengths[:0]; cap(o.lengths) > 1024 {
			o.lengths = nil
		}
	}
}
