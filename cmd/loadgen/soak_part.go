package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// soakPart is one kind of activity of a soak. To add one, write a file with a
// type that has these methods and put it into soakParts. Its rounds run one
// after another, beside those of the other parts.
type soakPart interface {
	// name is one word, in lines and accounts.
	name() string
	// start makes what lasts for the whole soak.
	start(ctx context.Context, h *soakHouse) error
	// round does some work and returns when all that it has begun is over, so
	// that between rounds the account balances. It lasts a second at most and
	// queues no more than some thousand messages. An error ends the soak.
	round(ctx context.Context) error
	// stop ends what start has made, and waits for the end.
	stop(ctx context.Context) error
	// account closes the books as they are between two rounds: t judges.
	account(t *trial)
}

// soakParts are all parts, in the order in which they start.
func soakParts() []soakPart {
	return []soakPart{
		&soakCrowd{}, &soakMesh{}, &soakStuck{}, &soakTimers{}, &soakTrees{},
		&soakKin{}, &soakGroups{}, &soakCalls{}, &soakPorts{}, &soakJobs{},
	}
}

// soakHouse is what the parts share.
type soakHouse struct {
	sys      *actor.System
	seed     uint64
	audit    *soakAudit
	restarts atomic.Int64 // children that were started anew
	wrongs   soakWrongs
}

// random returns a part's own source of choices. Same seed, same choices; what
// the processors make of them is theirs.
func (h *soakHouse) random(part string) *rand.Rand {
	f := fnv.New64a()
	_, _ = f.Write([]byte(part))
	return rand.New(rand.NewPCG(h.seed, f.Sum64()))
}

// wrongf says that something happened that must not happen.
func (h *soakHouse) wrongf(part, format string, args ...any) {
	h.wrongs.add(part + ": " + fmt.Sprintf(format, args...))
}

// soakWrongs keeps the first things that were wrong, and how many there were.
type soakWrongs struct {
	mu    sync.Mutex
	first []string
	all   int
}

// soakWrongsKept is how many are told in full.
const soakWrongsKept = 20

func (w *soakWrongs) add(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all++; len(w.first) < soakWrongsKept {
		w.first = append(w.first, what)
	}
}

func (w *soakWrongs) any() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all > 0
}

func (w *soakWrongs) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := append([]string(nil), w.first...)
	if more := w.all - len(w.first); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	return list
}

// soakTally is what a part counts of its messages; any goroutine may add.
// What has entered a handler was handled, unless it failed there.
type soakTally struct{ sent, entered, failed, refused atomic.Int64 }

func (y *soakTally) ledger() ledger {
	failed := y.failed.Load()
	return ledger{sent: y.sent.Load(), handled: y.entered.Load() - failed, failed: failed, refused: y.refused.Load()}
}

// soakCast sends m and books it. Only refusals that there can be are in order.
func soakCast[M any](ctx context.Context, h *soakHouse, part string, y *soakTally, to actor.Ref[M], m M) error {
	y.sent.Add(1)
	err := to.Cast(ctx, m)
	if err != nil {
		y.refused.Add(1)
		if !soakRefusal(err) {
			h.wrongf(part, "cast to %v: %v", to, err)
		}
	}
	return err
}

// soakRefusal says that an actor has not taken a message for a good reason.
func soakRefusal(err error) bool {
	for _, good := range []error{actor.ErrStopped, actor.ErrKilled, actor.ErrMailboxFull, actor.ErrNotFound} {
		if errors.Is(err, good) {
			return true
		}
	}
	return false
}

// soakKilled says that an actor has ended because it was killed. One that was
// not given a processor for KillGrace counts as well: its machine was busy.
func soakKilled(err error) bool {
	return errors.Is(err, actor.ErrKilled) || errors.Is(err, actor.ErrAbandoned)
}

// soakEnded waits for an actor and says whether it has ended in time, in any
// way; the error is the round's.
func soakEnded(ctx context.Context, who actor.AnyRef) error {
	if err := who.Wait(ctx); err != nil && ctx.Err() != nil {
		return fmt.Errorf("%v has not ended: %w", who, context.Cause(ctx))
	}
	return nil
}

// soakPause waits for some time, or less if ctx ends.
func soakPause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// between draws a number from least to most.
func between(r *rand.Rand, least, most int) int { return least + r.IntN(most-least+1) }
