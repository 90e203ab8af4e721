package mailbox_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/mailbox"
)

var stress = flag.Duration("stress", 200*time.Millisecond, "how long each of the two stress tests runs")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// nearWrap is a first position whose ring wraps around at 2^64 after a few messages.
const nearWrap = ^uint64(0) - 9

// msg is the k-th message of a producer.
type msg struct{ from, k int }

// rig is a mailbox with two consumers that really sleep, taking turns as workers do, so that the race detector
// sees the consumer's fields change hands.
type rig struct {
	box  mailbox.Mailbox[msg, msg]
	pool mailbox.Pool[msg]

	message func(msg)               // called by the consumer
	control func(mailbox.Lane, msg) // called by the consumer

	runq   chan struct{} // one token while the consumer is scheduled and not running
	stop   chan struct{}
	wg     sync.WaitGroup
	inside atomic.Int32
	faults chan string
}

func newRig(bound int) *rig {
	r := &rig{runq: make(chan struct{}, 1), stop: make(chan struct{}), faults: make(chan string, 100)}
	if bound > 0 {
		r.box.BoundAt(bound, nearWrap)
	}
	return r
}

func (r *rig) start() {
	for range 2 {
		r.wg.Add(1)
		go r.work()
	}
}

// end stops the consumers and reports what went wrong.
func (r *rig) end(t *testing.T) {
	t.Helper()
	close(r.stop)
	r.wg.Wait()
	close(r.faults)
	for f := range r.faults {
		t.Error(f)
	}
}

func (r *rig) faultf(format string, args ...any) {
	select {
	case r.faults <- fmt.Sprintf(format, args...):
	default:
	}
}

// did acts on an outcome and reports whether the push was accepted.
func (r *rig) did(o mailbox.Outcome) bool {
	switch o {
	case mailbox.Wake:
		select {
		case r.runq <- struct{}{}:
		default:
			r.faultf("woken twice")
		}
		return true
	case mailbox.Queued, mailbox.Late:
		return true
	}
	return false
}

func (r *rig) work() {
	defer r.wg.Done()
	var cache mailbox.Cache[msg]
	for {
		select {
		case <-r.stop:
			return
		case <-r.runq:
			r.turn(&cache)
		}
	}
}

func (r *rig) turn(cache *mailbox.Cache[msg]) {
	r.enter()
	for {
		for r.box.HasControl() {
			if l, e, ok := r.box.PopControl(); ok {
				r.control(l, e)
			} else {
				r.faultf("HasControl, and nothing to pop")
			}
		}
		if m, ok := r.box.Pop(&r.pool, cache); ok {
			r.message(m)
			continue
		}
		r.inside.Add(-1)
		if r.box.Sleep() {
			return
		}
		r.enter()
	}
}

func (r *rig) enter() {
	if r.inside.Add(1) != 1 {
		r.faultf("two consumers")
	}
}

// send pushes, waiting for room where there is a bound.
func (r *rig) send(c *mailbox.Cache[msg], m msg) bool {
	for {
		o := r.box.Push(&r.pool, c, m)
		if o != mailbox.Full {
			return r.did(o)
		}
		if err := r.box.WaitRoom(context.Background()); err != nil {
			r.faultf("WaitRoom: %v", err)
		}
	}
}

// ledger checks that each producer's numbers come in order, without a gap or a repetition.
type ledger struct {
	next  []int
	total int
}

func newLedger(producers int) *ledger { return &ledger{next: make([]int, producers)} }

func (l *ledger) add(r *rig, m msg) {
	if l.next[m.from] != m.k {
		r.faultf("producer %d: got message %d, want %d", m.from, m.k, l.next[m.from])
	}
	l.next[m.from] = m.k + 1
	l.total++
}

// modes are the bounds that concurrent tests run with; 0 is unbounded.
var modes = []int{0, 1, 3, 64}

func modeName(bound int) string {
	if bound == 0 {
		return "unbounded"
	}
	return fmt.Sprintf("bound%d", bound)
}

func eachMode(t *testing.T, f func(t *testing.T, bound, producers int)) {
	for _, bound := range modes {
		for _, producers := range []int{1, 2, 4, 100} {
			t.Run(fmt.Sprintf("%s/%d", modeName(bound), producers), func(t *testing.T) { f(t, bound, producers) })
		}
	}
}

// together runs f for each producer and waits for all; every second one has a Cache of its own.
func together(producers int, f func(from int, c *mailbox.Cache[msg])) {
	var wg sync.WaitGroup
	for from := range producers {
		wg.Go(func() {
			var c *mailbox.Cache[msg]
			if from%2 == 0 {
				c = new(mailbox.Cache[msg])
			}
			f(from, c)
		})
	}
	wg.Wait()
}

// Every message of every producer comes out exactly once and in the producer's order, in each lane.
func TestExactlyOnceInOrder(t *testing.T) {
	eachMode(t, func(t *testing.T, bound, producers int) {
		each := 20_000 / producers
		r := newRig(bound)
		done := make(chan struct{})
		books := map[mailbox.Lane]*ledger{}
		for l := mailbox.Signal; l <= mailbox.Message; l++ {
			books[l] = newLedger(producers)
		}
		left := producers * (each + 3*(each/10))
		settle := func(l mailbox.Lane, m msg) {
			books[l].add(r, m)
			if left--; left == 0 {
				close(done)
			}
		}
		r.message = func(m msg) { settle(mailbox.Message, m) }
		r.control = settle
		r.start()
		together(producers, func(from int, c *mailbox.Cache[msg]) {
			for k := range each {
				if !r.send(c, msg{from, k}) {
					r.faultf("refused")
				}
				if k%10 == 0 && k/10 < each/10 {
					for l := mailbox.Signal; l <= mailbox.Supervision; l++ {
						r.did(r.box.PushControl(l, msg{from, k / 10}))
					}
				}
			}
		})
		<-done
		r.end(t)
		require.Equal(t, producers*each, books[mailbox.Message].total)
	})
}

// Closing while producers push: accepted = popped before + drained after + left to late producers.
func TestCloseAccounts(t *testing.T) {
	eachMode(t, func(t *testing.T, bound, producers int) {
		for round := range 15 {
			r := newRig(bound)
			var accepted, events, drained, left atomic.Int64
			var popped, handled int
			book := newLedger(producers)
			closed := make(chan struct{})
			r.control = func(mailbox.Lane, msg) { handled++ }
			r.message = func(m msg) {
				popped++
				book.add(r, m)
				if popped != round*3+1 {
					return
				}
				r.box.Close()
				for {
					if _, _, ok := r.box.PopControl(); !ok {
						break
					}
					handled++
				}
				var cache mailbox.Cache[msg]
				for {
					if backlog := r.box.Backlog(); bound == 0 && backlog == 0 {
						if _, ok := r.box.Pop(&r.pool, &cache); ok {
							r.faultf("Backlog was 0 with a message left")
						}
						break
					}
					m, ok := r.box.Pop(&r.pool, &cache)
					if !ok {
						break
					}
					drained.Add(1)
					if bound == 0 {
						book.add(r, m)
					}
				}
				close(closed)
			}
			r.start()
			together(producers, func(from int, c *mailbox.Cache[msg]) {
				// Not for ever: a consumer that gets no processor would have to catch up with all of it, and
				// control items, which come first, would keep it from ever closing.
				for k := range 2000/producers + 50 {
					var o mailbox.Outcome
					for o = mailbox.Full; o == mailbox.Full; {
						if o = r.box.Push(&r.pool, c, msg{from, k}); o == mailbox.Full {
							_ = r.box.WaitRoom(context.Background())
						}
					}
					if !r.did(o) {
						return // closed
					}
					accepted.Add(1)
					if o == mailbox.Late {
						for {
							if _, ok := r.box.PopOldest(); !ok {
								break
							}
							left.Add(1)
						}
					}
					if k%8 == 0 && r.did(r.box.PushControl(mailbox.Supervision, msg{from, k})) {
						events.Add(1)
					}
				}
			})
			<-closed
			r.end(t)
			require.Equal(t, accepted.Load(), int64(popped)+drained.Load()+left.Load())
			require.Equal(t, events.Load(), int64(handled))
			require.Equal(t, mailbox.Closed, r.box.Push(&r.pool, nil, msg{}))
			require.Equal(t, mailbox.Closed, r.box.PushControl(mailbox.Signal, msg{}))
			require.False(t, r.box.Wake())
			require.True(t, r.box.Sleep(), "nothing will ever come")
		}
	})
}

// Dropping the oldest: accepted = handled + dropped, each once, and what is handled stays in order.
func TestDropOldest(t *testing.T) {
	for _, bound := range []int{1, 3, 64} {
		for _, producers := range []int{1, 2, 4, 100} {
			t.Run(fmt.Sprintf("%s/%d", modeName(bound), producers), func(t *testing.T) {
				each := 20_000 / producers
				r := newRig(bound)
				seen := make([][]atomic.Int32, producers)
				last := make([]int, producers)
				for i := range seen {
					seen[i], last[i] = make([]atomic.Int32, each), -1
				}
				all := make(chan struct{})
				var left atomic.Int64
				left.Store(int64(producers * each))
				count := func(m msg) {
					seen[m.from][m.k].Add(1)
					if left.Add(-1) == 0 {
						close(all)
					}
				}
				r.message = func(m msg) {
					if m.k <= last[m.from] {
						r.faultf("producer %d: %d after %d", m.from, m.k, last[m.from])
					}
					last[m.from] = m.k
					count(m)
				}
				r.start()
				together(producers, func(from int, _ *mailbox.Cache[msg]) {
					for k := range each {
						for !r.did(r.box.Push(nil, nil, msg{from, k})) {
							if m, ok := r.box.PopOldest(); ok {
								count(m)
							} else {
								runtime.Gosched() // its reader or writer is preempted
							}
						}
					}
				})
				<-all
				r.end(t)
				for from := range seen {
					for k := range seen[from] {
						require.EqualValues(t, 1, seen[from][k].Load(), "message %d of producer %d", k, from)
					}
				}
			})
		}
	}
}

// TestStress hunts lost wakeups in short rounds. In a round each producer pushes a few messages, control items
// and bare wakeups; every second one waits for each to be handled before the next, so that the consumer falls
// asleep all the time. Then nobody pushes until all is handled: one lost wakeup hangs the test.
func TestStress(t *testing.T) {
	const producers = 6
	for _, bound := range modes {
		t.Run(modeName(bound), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), *stress/time.Duration(len(modes)))
			defer cancel()
			r := newRig(bound)
			answers := make([]chan int, producers)
			for i := range answers {
				answers[i] = make(chan int, 1)
			}
			books := map[mailbox.Lane]*ledger{}
			for l := mailbox.Signal; l <= mailbox.Message; l++ {
				books[l] = newLedger(producers)
			}
			var open sync.WaitGroup // what is pushed and not handled
			settle := func(l mailbox.Lane, m msg) {
				books[l].add(r, m)
				if m.from%2 == 0 {
					answers[m.from] <- m.k
				}
				open.Done()
			}
			r.message = func(m msg) { settle(mailbox.Message, m) }
			r.control = settle
			r.start()
			next := make([][mailbox.Message + 1]int, producers)
			pushed := 0
			for round := 0; ctx.Err() == nil; round++ {
				n := round%16 + 1
				pushed += n * producers
				open.Add(n * producers)
				together(producers, func(from int, c *mailbox.Cache[msg]) {
					for i := range n {
						l := mailbox.Message
						if (i+round)%4 == 3 {
							l = mailbox.Lane(i%3 + 1)
						}
						m := msg{from, next[from][l]}
						next[from][l]++
						if l == mailbox.Message {
							r.send(c, m)
						} else {
							r.did(r.box.PushControl(l, m))
						}
						if from%2 == 0 {
							if k := <-answers[from]; k != m.k {
								r.faultf("answer %d to message %d", k, m.k)
							}
						} else if i == 0 && r.box.Wake() {
							r.did(mailbox.Wake)
						}
					}
				})
				open.Wait()
			}
			r.end(t)
			handled := 0
			for _, b := range books {
				handled += b.total
			}
			require.Equal(t, pushed, handled)
		})
	}
}

// TestStressDrop is TestStress for producers that make room themselves, and so pop while the consumer sleeps.
func TestStressDrop(t *testing.T) {
	for _, bound := range []int{1, 2, 5} {
		t.Run(modeName(bound), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), *stress/3)
			defer cancel()
			r := newRig(bound)
			var open sync.WaitGroup
			r.message = func(msg) { open.Done() }
			r.start()
			for round := 0; ctx.Err() == nil; round++ {
				n := round%8 + 1
				open.Add(4 * n)
				together(4, func(from int, _ *mailbox.Cache[msg]) {
					for k := range n {
						for !r.did(r.box.Push(nil, nil, msg{from, k})) {
							if _, ok := r.box.PopOldest(); ok {
								open.Done()
							} else {
								runtime.Gosched()
							}
						}
					}
				})
				open.Wait()
			}
			r.end(t)
		})
	}
}
