package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// soakSample is the system at one moment. Alive to DeadLetters are read while
// all parts run, the rest while they stand still.
type soakSample struct {
	At          time.Duration `json:"at"`
	Alive       int64         `json:"alive"`
	Queued      int           `json:"queued"`
	Spawned     uint64        `json:"spawned"`
	Abandoned   uint64        `json:"abandoned"` // ever
	Out         int           `json:"leaked"`    // of these, whose goroutines have not come back
	Restarts    int64         `json:"restarts"`
	DeadLetters uint64        `json:"dead_letters"`
	Handled     uint64        `json:"handled"` // messages that turns have counted

	Standing   int64   `json:"standing"` // actors that last
	Workers    int     `json:"workers"`  // of the scheduler, with spares and stuck ones
	Heap       float64 `json:"heap"`     // live bytes
	Goroutines int     `json:"goroutines"`
}

// look reads what can be read while everything runs.
func (h *soakHouse) look() soakSample {
	st := h.sys.Stats()
	now := soakSample{
		Alive: st.Live, Spawned: st.Spawned, Abandoned: st.Abandoned,
		Restarts: h.restarts.Load(), Handled: st.Sched.Departed.Messages,
	}
	for _, n := range st.DeadLetters {
		now.DeadLetters += n
	}
	for _, w := range st.Sched.Workers {
		now.Handled += w.Messages
	}
	for i := range h.sys.Actors() {
		now.Queued += i.Queue
	}
	now.Out = h.out()
	return now
}

// out is how many goroutines of abandoned actors have not come back.
func (h *soakHouse) out() (n int) {
	for _, a := range h.sys.Scheduler().Activities() {
		if a.Carrier.Fenced() {
			n++
		}
	}
	return n
}

// liveHeap is what is reachable: what has a finalizer, and what pools keep,
// goes in the second collection.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func (s soakSample) String() string {
	return fmt.Sprintf("%8v  alive %d, queued %d, spawned %d, handled %s, dead letters %d, restarts %d, abandoned %d (leaked now %d), heap %s, workers %d, goroutines %d",
		s.At.Round(time.Second), s.Alive, s.Queued, s.Spawned, many(float64(s.Handled)), s.DeadLetters, s.Restarts,
		s.Abandoned, s.Out, mebibytes(s.Heap), s.Workers, s.Goroutines)
}

// short is what there is room for beside a bar.
func (s soakSample) short() string {
	return fmt.Sprintf("alive %d, queued %d, abandoned %d, heap %s", s.Alive, s.Queued, s.Abandoned, mebibytes(s.Heap))
}

// soakAccount is the account of one part.
type soakAccount struct {
	Part     string             `json:"part"`
	Figures  map[string]float64 `json:"figures"`
	Failures []string           `json:"failures,omitempty"`
}

// soakReport is what a soak leaves behind.
type soakReport struct {
	Seed       uint64        `json:"seed"`
	Duration   time.Duration `json:"duration"`
	Took       time.Duration `json:"took"`
	Config     sched.Config  `json:"config"`
	GOMAXPROCS int           `json:"gomaxprocs"`

	Samples []soakSample  `json:"samples"`
	End     soakSample    `json:"end"` // when the parts have stopped
	Parts   []soakAccount `json:"parts"`
	Spawned uint64        `json:"spawned"`
	// Discarded has the dead letters of all, by reason.
	Discarded map[string]uint64 `json:"discarded"`
	Abandoned uint64            `json:"abandoned"`

	Heap             heapVerdict `json:"heap"`
	HeapLeft         float64     `json:"heap_left"` // more than before, when all has ended
	GoroutinesBefore int         `json:"goroutines_before"`
	GoroutinesAfter  int         `json:"goroutines_after"`

	Failures []string `json:"failures"`
}

func (r *soakReport) failf(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// goroutinesEnd is how long the last goroutines may take to be gone after a
// shutdown: they have let go of everything and only have to return.
const goroutinesEnd = 5 * time.Second

// close judges what is left when everything has ended.
func (r *soakReport) close(before memory) {
	for end := time.Now().Add(goroutinesEnd); ; time.Sleep(time.Millisecond) {
		r.GoroutinesAfter = runtime.NumGoroutine()
		if r.GoroutinesAfter <= r.GoroutinesBefore || time.Now().After(end) {
			break
		}
	}
	if more := r.GoroutinesAfter - r.GoroutinesBefore; more > 0 {
		stacks := make([]byte, 1<<20)
		r.failf("%d goroutines are left:\n%s", more, stacks[:runtime.Stack(stacks, true)])
	}

	heap := make([]heapSample, 0, len(r.Samples))
	for _, s := range r.Samples {
		heap = append(heap, heapSample{s.At, s.Heap})
	}
	if r.Heap = judgeHeap(heap); r.Heap.Grows {
		r.failf("the live heap %v", r.Heap)
	}
	r.HeapLeft = memoryNow().heap - before.heap
}

// total adds a figure up over all parts.
func (r *soakReport) total(figure string) (sum int64) {
	for _, p := range r.Parts {
		sum += int64(p.Figures[figure])
	}
	return sum
}

// ledgerFigures are the columns of the accounts, in which every message is.
var ledgerFigures = []string{"sent", "handled", "failed", "refused", "discarded", "lost", "duplicated"}

// write prints the account for a person.
func (r *soakReport) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nsoak of %v with seed %d, %s %s/%s, GOMAXPROCS=%d, %d workers\n\n", r.Took.Round(time.Second), r.Seed,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, r.GOMAXPROCS, r.Config.Workers)
	fmt.Fprintf(&b, "%-8s", "messages")
	for _, figure := range ledgerFigures {
		fmt.Fprintf(&b, " %12s", figure)
	}
	b.WriteString("\n")
	for _, p := range r.Parts {
		if _, has := p.Figures["sent"]; !has {
			continue
		}
		fmt.Fprintf(&b, "%-8s", p.Part)
		for _, figure := range ledgerFigures {
			fmt.Fprintf(&b, " %12d", int64(p.Figures[figure]))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%-8s", "all")
	for _, figure := range ledgerFigures {
		fmt.Fprintf(&b, " %12d", r.total(figure))
	}
	b.WriteString("\n\n")
	for _, p := range r.Parts {
		var rest []string
		for _, figure := range slices.Sorted(maps.Keys(p.Figures)) {
			if !slices.Contains(ledgerFigures, figure) {
				rest = append(rest, fmt.Sprintf("%s %d", strings.ReplaceAll(figure, "_", " "), int64(p.Figures[figure])))
			}
		}
		fmt.Fprintf(&b, "%-8s %s\n", p.Part, strings.Join(rest, ", "))
	}
	reasons := make([]string, 0, len(r.Discarded))
	for _, reason := range slices.Sorted(maps.Keys(r.Discarded)) {
		reasons = append(reasons, fmt.Sprintf("%s %d", reason, r.Discarded[reason]))
	}
	fmt.Fprintf(&b, "\nactors      %d spawned, %d restarts, %d abandoned, %d not come back\n",
		r.Spawned, r.End.Restarts, r.Abandoned, r.End.Out)
	fmt.Fprintf(&b, "discarded   %s\n", strings.Join(reasons, ", "))
	fmt.Fprintf(&b, "live heap   %v\n", r.Heap)
	fmt.Fprintf(&b, "left        %s more than before\n", mebibytes(r.HeapLeft))
	fmt.Fprintf(&b, "goroutines  %d before, %d after\n", r.GoroutinesBefore, r.GoroutinesAfter)
	for _, what := range r.Failures {
		fmt.Fprintf(&b, "FAILED %s\n", what)
	}
	if len(r.Failures) == 0 {
		b.WriteString("all accounts balance\n")
	} else {
		fmt.Fprintf(&b, "again: loadgen soak --duration %v --seed %d\n", r.Duration, r.Seed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
