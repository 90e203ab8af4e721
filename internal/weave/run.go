//go:build interleave

package weave

import (
	"fmt"
	"math/bits"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/internal/gid"
)

// maxThreads is how many threads one execution may have.
const maxThreads = 16

// maxSteps is where an execution counts as one that never ends, unless Options say otherwise.
const maxSteps = 20_000

// op is what a thread is about to do.
type op uint8

const (
	opLoad op = iota
	opStore
	opSwap
	opCAS
	opAdd
	opAnd
	opOr
	opLock
	opUnlock
	opPut
	opTake
	opOffer
	opOpen
	opWait
	opYield
)

var opNames = [...]string{
	"Load", "Store", "Swap", "CompareAndSwap", "Add", "And", "Or", "Lock", "Unlock", "Put", "Take", "Offer",
	"Open", "Wait", "Gosched",
}

// writes says whether the operation may change its object; two that do not commute.
func (o op) writes() bool { return o != opLoad && o != opWait }

// opener says whether an operation that can block would go through now.
type opener interface{ open() bool }

// object is embedded in everything that threads share. It says under which number the present execution knows
// it; only threads write it, one at a time.
type object struct {
	run    uint64 // the serial number of that execution
	number int32
}

// access is the last step, plus 1, at which each thread has read and written an object.
type access struct{ read, written [maxThreads]int32 }

// thread is one goroutine of an execution.
type thread struct {
	run    *Run
	number int
	name   string
	daemon bool
	id     uintptr       // of its goroutine
	turn   chan struct{} // it may go on
	born   chan struct{} // it has come to its first operation, or ended before
	gone   chan struct{} // its goroutine ends

	// What it is about to do.
	op      op
	object  int32 // -1: none
	opener  opener
	pending bool // false before its first operation
	polite  bool // it has called Gosched, and nobody else has moved since
	yielded bool // it has done so again: it goes on when another one has moved, if any can
	ended   bool
	at      string // where, while tracing
}

func (th *thread) can() bool { return !th.ended && (th.opener == nil || th.opener.open()) }

// Run is one execution of a program: what the body given to [Explore] makes its threads with. It can be given
// to package require.
//
// All its fields belong to whoever has the turn: one thread, or the goroutine that explores.
type Run struct {
	serial  uint64
	policy  policy
	limit   int
	threads []*thread
	current *thread
	runner  atomic.Uintptr // the identity of current's goroutine
	objects []access
	steps   int
	path    path
	end     []func()
	over    chan struct{}
	failed  string // what went wrong first
	stop    bool   // the threads that are left are to end

	tracing bool
	trace   []line
	names   map[any]string // of pointers, while tracing
}

// policy chooses who moves.
type policy interface {
	// pick chooses one of the threads in mask, which is not empty. prev has moved last; nil at the beginning.
	pick(r *Run, mask uint32, prev *thread) int
	// announced hears what th is about to do, moved that it does it now, as the given step.
	announced(r *Run, th *thread)
	moved(r *Run, th *thread, step int)
}

// active is the execution that is under way, if any.
var active atomic.Pointer[Run]

var serial uint64 // of the last execution; belongs to whoever explores

// execute runs the program once.
func execute(body func(*Run), p policy, limit int, tracing bool) *Run {
	serial++
	r := &Run{serial: serial, policy: p, limit: limit, over: make(chan struct{}, 1), tracing: tracing}
	if tracing {
		r.names = map[any]string{}
	}
	active.Store(r)
	defer active.Store(nil)
	if r.plainly(func() { body(r) }) {
		if first := r.choose(); first != nil {
			r.pass(first)
			r.watch()
		}
	}
	r.runner.Store(0)
	if r.failed == "" {
		r.judge()
	}
	r.unwind()
	return r
}

// plainly calls f on the goroutine that explores, where FailNow may be called. It says whether all is well.
func (r *Run) plainly(f func()) bool {
	defer func() {
		if v := recover(); v != nil && v != any(failNow{}) {
			r.failf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	f()
	return r.failed == ""
}

type failNow struct{}

// judge looks at how an execution without a failure has ended.
func (r *Run) judge() {
	for _, th := range r.threads {
		if !th.ended && !th.daemon {
			r.failf("deadlock: %s", r.waiting())
			return
		}
	}
	for _, f := range r.end {
		if !r.plainly(f) {
			return
		}
	}
}

// waiting names the threads that are blocked, and where.
func (r *Run) waiting() string {
	var all []string
	for _, th := range r.threads {
		if !th.ended {
			all = append(all, fmt.Sprintf("%s waits in %s %s", th.name, opNames[th.op], th.at))
		}
	}
	return strings.Join(all, "; ")
}

// watch waits until the execution is over. A thread that blocks where we do not see it would hold it up.
func (r *Run) watch() {
	const patience = 20 * time.Second
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.over:
	case <-timer.C:
		buf := make([]byte, 1<<20)
		panic(fmt.Sprintf("weave: for %v no thread has moved: one blocks, or spins, outside of this package\n%s",
			patience, buf[:runtime.Stack(buf, true)]))
	}
}

// unwind ends the threads that are left, one after the other: each operation that they come to ends them again,
// so that deferred functions do not run on.
func (r *Run) unwind() {
	r.stop = true
	for _, th := range r.threads {
		if !th.ended {
			r.pass(th)
		}
		<-th.gone
	}
}

// Go adds a thread. The body of a program calls it, and threads may. f runs up to its first operation at once.
func (r *Run) Go(name string, f func()) { r.start(name, f, false) }

// Daemon is Go for a thread that need not end, such as a worker: the execution is over when it is blocked and
// all others have ended.
func (r *Run) Daemon(name string, f func()) { r.start(name, f, true) }

// Settle lets the threads that there are run until all are blocked or have ended, in one order that is always
// the same: what they do until then is not explored. The body calls it.
func (r *Run) Settle() {
	explored := r.policy
	r.policy = &replay{}
	if first := r.choose(); first != nil {
		r.pass(first)
		r.watch()
	}
	r.policy = explored
	r.current = nil
	r.runner.Store(0)
	r.steps, r.path, r.trace = 0, nil, nil
	if r.failed != "" {
		panic(failNow{})
	}
}

// End has f called when the execution is over, on the goroutine that explores: it looks at what has come of it.
func (r *Run) End(f func()) { r.end = append(r.end, f) }

// Errorf notes a failure; the first one counts.
func (r *Run) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if _, after, ok := strings.Cut(text, "Error:"); ok {
		text = strings.TrimSpace(after) // what require says, without its trace, which is ours
	}
	r.failf("%s", text)
}

// FailNow ends the execution, as one that has failed.
func (r *Run) FailNow() {
	r.failf("FailNow")
	if th := r.current; th != nil && r.runner.Load() == gid.ID() {
		r.halt(th)
	}
	panic(failNow{})
}

// Checkf fails the execution if ok is false.
func (r *Run) Checkf(ok bool, format string, args ...any) {
	if !ok {
		r.failf(format, args...)
		r.FailNow()
	}
}

func (r *Run) failf(format string, args ...any) {
	if r.failed == "" {
		r.failed = fmt.Sprintf(format, args...)
	}
}

func (r *Run) start(name string, f func(), daemon bool) {
	if r.stop {
		runtime.Goexit()
	}
	if len(r.threads) == maxThreads {
		r.failf("more than %d threads", maxThreads)
		r.FailNow()
	}
	th := &thread{
		run: r, number: len(r.threads), name: name, daemon: daemon, object: -1,
		turn: make(chan struct{}, 1), born: make(chan struct{}, 1), gone: make(chan struct{}, 1),
	}
	r.threads = append(r.threads, th)
	creator, runner := r.current, r.runner.Load()
	go th.main(f)
	<-th.born
	r.current = creator
	r.runner.Store(runner)
}

func (th *thread) main(f func()) {
	r := th.run
	th.id = gid.ID()
	r.current = th
	r.runner.Store(th.id)
	defer func() {
		if v := recover(); v != nil && !r.stop {
			r.failf("%s: panic: %v\n%s", th.name, v, debug.Stack())
		}
		th.exit()
	}()
	f()
}

// exit gives the turn away for good.
func (th *thread) exit() {
	r := th.run
	th.ended = true
	r.runner.Store(0)
	switch {
	case r.stop:
	case !th.pending:
		th.born <- struct{}{}
	default:
		r.next(th)
	}
	th.gone <- struct{}{}
}

// point is called before each operation on o. It returns when the operation is to be done, with the thread that
// does it; nil: the caller is no thread of an execution, and just does it.
func (o *object) point(op op, w opener) *thread {
	r := active.Load()
	if r == nil || r.runner.Load() != gid.ID() {
		return nil
	}
	if r.stop {
		runtime.Goexit()
	}
	th := r.current
	th.op, th.opener, th.object = op, w, -1
	if op == opYield {
		th.yielded, th.polite = th.polite, true
	} else {
		th.object = r.know(o)
	}
	if r.tracing {
		th.at = where()
	}
	r.policy.announced(r, th)
	if !th.pending {
		th.pending = true
		th.born <- struct{}{}
		th.await()
	} else {
		r.next(th)
	}
	if r.tracing {
		r.trace = append(r.trace, line{th.name, opNames[op], th.object, "", th.at})
	}
	return th
}

// know returns the number of o.
func (r *Run) know(o *object) int32 {
	if o.run != r.serial {
		o.run, o.number = r.serial, int32(len(r.objects))
		r.objects = append(r.objects, access{})
	}
	return o.number
}

// next gives the turn to whoever is chosen, and comes back when th has it again.
func (r *Run) next(th *thread) {
	next := r.choose()
	if next == th {
		return
	}
	if next == nil {
		r.over <- struct{}{}
	} else {
		r.pass(next)
	}
	if !th.ended {
		th.await()
	}
}

// halt ends the execution from within th.
func (r *Run) halt(th *thread) {
	if th.pending {
		r.over <- struct{}{}
		th.await()
	}
	runtime.Goexit()
}

func (r *Run) pass(th *thread) {
	r.current = th
	r.runner.Store(th.id)
	th.turn <- struct{}{}
}

func (th *thread) await() {
	<-th.turn
	if th.run.stop {
		runtime.Goexit()
	}
}

// choose says who moves, nil when nobody can or the execution has failed.
func (r *Run) choose() *thread {
	if r.failed != "" {
		return nil
	}
	var mask, yielded uint32
	for i, th := range r.threads {
		switch {
		case !th.can():
		case th.yielded:
			yielded |= 1 << i
		default:
			mask |= 1 << i
		}
	}
	if mask == 0 {
		mask = yielded
	}
	if mask == 0 {
		return nil
	}
	if r.steps == r.limit {
		r.failf("livelock: no end after %d steps: %s", r.steps, r.waiting())
		return nil
	}
	picked := r.policy.pick(r, mask, r.current)
	if picked < 0 {
		return nil
	}
	next := r.threads[picked]
	r.policy.moved(r, next, r.steps)
	r.steps++
	r.path.add(picked)
	next.yielded = false
	for _, th := range r.threads {
		if th != next {
			th.yielded, th.polite = false, false
		}
	}
	return next
}

// signature is a digest of what all threads are about to do.
func (r *Run) signature() uint32 {
	h := uint32(2166136261)
	for _, th := range r.threads {
		h = (h ^ uint32(th.op)) * 16777619
		h = (h ^ uint32(th.object)) * 16777619
		h = bits.RotateLeft32(h, 5)
	}
	return h
}
