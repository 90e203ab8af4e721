package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

func philosophers() scenario {
	return scenario{
		name:   "philosophers",
		work:   "1,000 tables of five philosophers and five forks. Who is hungry asks his neighbours for the forks that he has not, and eats when he has both; a fork that was eaten with is given to who asks, another one after the meal (Chandy and Misra, 1984). The baseline does the same with a goroutine and a channel of 16 for each.",
		op:     "a meal",
		full:   size{Actors: 5000, Messages: 5_000_000},
		modest: size{Actors: 5000, Messages: 1_000_000},
		check: func(s size) error {
			if s.Actors%seats != 0 {
				return fmt.Errorf("--actors is %d: want a multiple of %d, as many as sit at a table", s.Actors, seats)
			}
			return nil
		},
		variants: []variant{{
			capacity: 16,
			ours:     philosophersOurs,
			theirs:   func(ctx context.Context, t *trial) error { return philosophersTheirs(ctx, t, 16) },
		}},
	}
}

// seats is how many philosophers a table has.
const seats = 5

// fork is a fork. Whoever has it writes meals, without a lock: in two hands, some
// would be lost.
type fork struct {
	held  atomic.Bool
	meals int64
}

// take and put say that a fork goes into a hand, and out of it. Both count what
// must not be: a fork in two hands, or in none.
func (f *fork) take(p *philosopher) {
	if !f.held.CompareAndSwap(false, true) {
		p.clashes++
	}
}

func (f *fork) put(p *philosopher) {
	if !f.held.CompareAndSwap(true, false) {
		p.clashes++
	}
}

// A side is where a fork lies, and the neighbour with whom it is shared.
const (
	left = iota
	right
	bothSides
)

// word is what philosophers say to each other, and to themselves.
type word struct {
	kind wordKind
	side int8 // of the receiver, on which the speaker sits
	seat *seat
}

type wordKind uint8

const (
	sit    wordKind = iota // here is your seat
	begin                  // the dinner: see to your first meal
	hunger                 // to oneself: the next meal
	please                 // give me the fork, when you can
	here                   // you are: the fork
)

// seat is where a philosopher sits.
type seat struct {
	beside [bothSides]actor.Ref[word]
}

// philosopher eats his share, and passes forks on.
type philosopher struct {
	forks   [bothSides]*fork
	meals   int64
	share   int64
	clashes int64
	over    *countdown

	seat   *seat
	has    [bothSides]bool // the fork
	dirty  [bothSides]bool // it, since the last meal
	wanted [bothSides]bool // it, by the neighbour
	wants  [bothSides]bool // it, and has said so
	hungry bool
}

// eat uses both forks.
func (p *philosopher) eat() {
	for _, f := range p.forks {
		f.meals++
	}
	if p.meals++; p.meals == p.share {
		p.over.one()
	}
}

// oneself is where a word goes that is for the speaker.
const oneself = bothSides

// sayFunc sends a word to the neighbour on a side, or to oneself.
type sayFunc func(to int, m word) error

func (p *philosopher) Handle(ctx *actor.Context[word], m word) error {
	if m.kind == sit {
		p.seat = m.seat
		return nil
	}
	return p.hear(m, func(to int, m word) error {
		if to == oneself {
			return ctx.Self().Cast(ctx, m)
		}
		return p.seat.beside[to].Cast(ctx, m)
	})
}

// deal gives him a fork, before the dinner. The neighbour, if he is to eat, is
// hungry already and wants it, so that nobody is done before the others begin.
// Only the hungry want forks: were a clean one given up before its meal, all of
// a table might come to have one each.
func (p *philosopher) deal(side int, neighbour *philosopher) {
	p.has[side], p.dirty[side] = true, true
	p.forks[side].take(p)
	p.wanted[side] = neighbour.share > 0
	neighbour.wants[opposite(side)] = neighbour.share > 0
}

// hear takes a word, and does what can be done then.
func (p *philosopher) hear(m word, say sayFunc) error {
	switch m.kind {
	case hunger:
		p.hungry = true
	case please:
		p.wanted[m.side] = true
	case here:
		p.forks[m.side].take(p)
		p.has[m.side], p.dirty[m.side], p.wants[m.side] = true, false, false
	}
	if err := p.pass(say); err != nil || !p.hungry {
		return err
	}
	if err := p.ask(say); err != nil || !p.has[left] || !p.has[right] {
		return err
	}
	p.eat()
	p.hungry, p.dirty = false, [bothSides]bool{true, true}
	if p.meals < p.share {
		if err := say(oneself, word{kind: hunger}); err != nil {
			return err
		}
	}
	return p.pass(say)
}

// pass gives up the forks that are wanted. Who is hungry keeps a clean one: the
// next meal with it is his.
func (p *philosopher) pass(say sayFunc) error {
	for side, f := range p.forks {
		if !p.has[side] || !p.wanted[side] || p.hungry && !p.dirty[side] {
			continue
		}
		p.has[side], p.wanted[side] = false, false
		f.put(p)
		if err := say(side, word{kind: here, side: opposite(side)}); err != nil {
			return err
		}
	}
	return nil
}

// ask asks for the forks that are missing, once.
func (p *philosopher) ask(say sayFunc) error {
	for side, has := range p.has {
		if has || p.wants[side] {
			continue
		}
		p.wants[side] = true
		if err := say(side, word{kind: please, side: opposite(side)}); err != nil {
			return err
		}
	}
	return nil
}

// opposite is the side on which the neighbour on a side has the speaker.
func opposite(side int) int8 { return int8(right - side) }

// neighbours are who sits on the left and on the right of i: five sit at a
// table. Fork i lies on his left.
func neighbours(i int) (before, next int) {
	first := i / seats * seats
	return first + (i-first+seats-1)%seats, first + (i-first+1)%seats
}

// dinner is all who eat.
type dinner struct {
	forks []fork
	all   []philosopher
	over  *countdown
}

// laid is the tables, with all at them and the forks dealt out: each to the one
// with the lower number of the two that share it. If each had one, all of a
// table would wait for each other for ever.
func (t *trial) laid() *dinner {
	n := t.size.Actors
	d := &dinner{
		forks: make([]fork, n), all: make([]philosopher, n),
		over: newCountdown(int(min(int64(n), t.size.Messages))),
	}
	for i := range d.all {
		_, next := neighbours(i)
		d.all[i] = philosopher{
			forks: [bothSides]*fork{&d.forks[i], &d.forks[next]},
			share: share(t.size.Messages, n, i), over: d.over,
		}
		d.all[i].hungry = d.all[i].share > 0
	}
	for i := range d.all {
		before, next := neighbours(i)
		if i < before {
			d.all[i].deal(left, &d.all[before])
		}
		if i < next {
			d.all[i].deal(right, &d.all[next])
		}
	}
	return d
}

// serve has all begin, and waits until they have eaten.
func (d *dinner) serve(ctx context.Context, say func(i int, m word) error) error {
	for i := range d.all {
		if err := say(i, word{kind: begin}); err != nil {
			return err
		}
	}
	return await(ctx, d.over.done)
}

// clear makes the account, when nobody eats any more.
func (d *dinner) clear(t *trial) {
	account := ledger{sent: t.size.Messages}
	var clashes, uneven, forkMeals int64
	for i := range d.all {
		p := &d.all[i]
		account.handled += p.meals
		clashes += p.clashes
		if p.meals != p.share {
			uneven++
		}
		forkMeals += d.forks[i].meals
	}
	t.balance(account)
	t.want("forks_in_two_hands", clashes, 0)
	t.want("not_their_share", uneven, 0)
	t.want("meals_of_forks", forkMeals, bothSides*t.size.Messages)
}

func philosophersOurs(ctx context.Context, t *trial) error {
	d := t.laid()
	refs := make([]actor.Ref[word], len(d.all))
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range refs {
			var err error
			if refs[i], err = actor.Spawn(ctx, &d.all[i]); err != nil {
				return err
			}
		}
		for i, ref := range refs {
			before, next := neighbours(i)
			at := &seat{beside: [bothSides]actor.Ref[word]{left: refs[before], right: refs[next]}}
			if err := ref.Cast(ctx, word{kind: sit, seat: at}); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			return d.serve(ctx, func(i int, m word) error { return refs[i].Cast(ctx, m) })
		})
	})
	if errIsRunning(err) {
		return err
	}
	d.clear(t)
	return err
}

func philosophersTheirs(ctx context.Context, t *trial, capacity int) error {
	d := t.laid()
	halls := make([]chan word, len(d.all))
	for i := range halls {
		halls[i] = make(chan word, capacity) // there are 6 words under way to one, at most
	}
	var all sync.WaitGroup
	errs := make([]error, len(d.all))
	for i := range d.all {
		before, next := neighbours(i)
		say := func(to int, m word) error {
			[...]chan word{left: halls[before], right: halls[next], oneself: halls[i]}[to] <- m
			return nil
		}
		all.Go(func() {
			for m := range halls[i] {
				errs[i] = errors.Join(errs[i], d.all[i].hear(m, say))
			}
		})
	}
	err := t.measure(t.size.Messages, func() error {
		return d.serve(ctx, func(i int, m word) error {
			halls[i] <- m
			return nil
		})
	})
	if err != nil {
		return err
	}
	for _, hall := range halls { // nobody is hungry, so no word is under way
		close(hall)
	}
	all.Wait()
	d.clear(t)
	return errors.Join(errs...)
}
