package sched_test

import (
	"flag"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
	"github.com/ractor-go/ractor/sched"
)

var stress = flag.Duration("stress", 200*time.Millisecond, "how long the stress tests run, together")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, leaks.Ants()...)
}

// start returns a scheduler that the test's end closes.
func start(tb testing.TB, cfg sched.Config) *sched.Scheduler {
	tb.Helper()
	s, err := sched.New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { await(tb, s.Close()) })
	return s
}

// job is a task made of functions.
type job struct {
	sched.Task

	turn    func(c *sched.Carrier) bool
	crashed func(c *sched.Carrier, value any, stack []byte) bool
}

func newJob(turn func(c *sched.Carrier) bool) *job {
	j := &job{turn: turn}
	j.Runner = j
	return j
}

// once is a job whose turn runs f and is over.
func once(f func(c *sched.Carrier)) *job {
	return newJob(func(c *sched.Carrier) bool { f(c); return false })
}

func (j *job) Turn(c *sched.Carrier) bool { return j.turn(c) }

func (j *job) Crashed(c *sched.Carrier, value any, stack []byte) bool {
	if j.crashed == nil {
		panic(value)
	}
	return j.crashed(c, value, stack)
}

// patience ends a test that would hang. Nothing is decided by it.
const patience = 30 * time.Second

// await receives from c, which must come at some time.
func await[T any](tb testing.TB, c <-chan T) (v T) {
	tb.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v = <-c:
	case <-timer.C:
		buf := make([]byte, 1<<20)
		tb.Fatalf("nothing came; all goroutines:\n%s", buf[:runtime.Stack(buf, true)])
	}
	return v
}

// until lets others run until cond holds.
func until(tb testing.TB, cond func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			require.FailNow(tb, "it never came about")
		}
	}
}

// closed makes a channel that is closed when done was called n times.
func closed(n int) (all <-chan struct{}, done func()) {
	var left atomic.Int64
	left.Store(int64(n))
	c := make(chan struct{})
	return c, func() {
		switch l := left.Add(-1); {
		case l == 0:
			close(c)
		case l < 0:
			panic("done more often than there was to do")
		}
	}
}

// box is a task with a mailbox that only counts: what is sent is handled exactly
// once, by one worker at a time.
type box struct {
	sched.Task

	sent    atomic.Int64 // not handled yet
	running atomic.Bool
	handled int // guarded by running
	handle  func(c *sched.Carrier, b *box)
	crash   func(value any)
}

func newBox(handle func(c *sched.Carrier, b *box)) *box {
	b := &box{handle: handle}
	b.Runner = b
	return b
}

// send gives b one more to handle; submit is called when that makes it runnable.
func (b *box) send(submit func(*sched.Task)) {
	if b.sent.Add(1) == 1 {
		submit(&b.Task)
	}
}

func (b *box) Turn(c *sched.Carrier) bool {
	if b.running.Swap(true) {
		panic("two workers run one task")
	}
	b.handled++
	b.handle(c, b)
	return b.rest()
}

func (b *box) rest() bool {
	b.running.Store(false)
	return b.sent.Add(-1) > 0
}

func (b *box) Crashed(_ *sched.Carrier, value any, _ []byte) bool {
	b.crash(value)
	return b.rest()
}
