package rpc

import (
	"context"

	"github.com/ractor-go/ractor/actor"
)

// Result is one answer of Multi: Value if Err is nil. Err is what Call would
// have returned.
type Result[R any] struct {
	Value R
	Err   error
}

// Multi asks all of to at once, waits for all answers, and returns them in the
// order of to. Each has its own error: the others do not suffer, and what was
// sent stays sent. ctx is the deadline of the whole; when it ends, the answers
// that are there stand. An actor that is in to twice is asked twice. ask runs
// once for each, in order, on the caller's goroutine.
//
// Inside a handler the worker is handed on once. A mailbox that is full under
// actor.WaitForRoom has its request waited for, outside of handlers, and those
// after it in to come later. Any goroutine may call Multi; it allocates the
// result.
func Multi[M, R any](ctx context.Context, to []actor.Ref[M], ask func(Reply[R]) M) []Result[R] {
	results := make([]Result[R], len(to))
	me := actor.Caller()
	var (
		first      *port[R]  // counts
		asked      *port[R]  // the list of those that were asked, in order
		end        = &asked  // its end
		unanswered = len(to) // those of them that nobody will answer
		panicked   = true
	)
	defer func() {
		if panicked { // in ask
			drop(asked)
		}
	}()
	for i, ref := range to {
		var p *port[R]
		err := refusal(ctx, me, ref, ask)
		if err == nil {
			p = take[R](ref.System())
			if first == nil {
				first = p
				first.left.Store(int64(len(to)) + 1) // and one for us, or it might be done before all are asked
			}
			p.first = first
			err = request(ctx, p, me, ref, ask)
		}
		if err != nil {
			results[i].Err = err
			continue
		}
		unanswered--
		*end, end = p, &p.next
	}
	panicked = false
	var cause error
	if asked != nil && first.left.Add(-1-int64(unanswered)) != 0 {
		if cause = wait(ctx, me, first.ready); cause != nil {
			stopWaiting(first, asked)
		}
	}
	for i := range results {
		if results[i].Err != nil {
			continue // was not asked
		}
		p := asked
		asked = p.next
		if p.state.Load()&gaveUp == 0 {
			results[i].Value, results[i].Err = p.collect()
		} else {
			results[i].Err = cause
			p.forget()
		}
	}
	return results
}

// stopWaiting gives up what is not answered, and waits for the answers that were
// faster. When nothing was given up the last of them reports, and what first
// counts may be 0 already; otherwise it is not, and who makes it 0 knows.
func stopWaiting[R any](first, asked *port[R]) {
	given := int64(0)
	for p := asked; p != nil; p = p.next {
		if p.giveUp() {
			given++
		}
	}
	if given == 0 || first.left.Add(-given) != 0 {
		first.await()
	}
}

// drop gives the calls up without a look at their answers: who answers one just
// now still counts it, so the ports are used no more.
func drop[R any](asked *port[R]) {
	for p := asked; p != nil; p = p.next {
		if p.giveUp() {
			continue
		}
		if w := p.watched.Load(); w != nil {
			w.over()
		}
	}
}
