package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
	"github.com/stretchr/testify/require"
)

// What these scenarios look for is found when it is there.

// broken runs checks on what a trial found, once as it should be and once for
// each way in which it is broken, and wants the failure that belongs to it.
func broken[T any](t *testing.T, s size, right func() T, checks func(*trial, T), ways map[string]func(T)) {
	t.Helper()
	fine := quiet(s)
	checks(fine, right())
	require.Empty(t, fine.found.Failures)
	for want, breaks := range ways {
		found := right()
		breaks(found)
		trial := quiet(s)
		checks(trial, found)
		require.Contains(t, trial.found.Failures, want)
	}
}

func TestSupervisorChecks(t *testing.T) {
	type found struct {
		grove *grove
		gang  []saboteur
	}
	right := func() found { // 3 children, 4 deaths, 1 of them a stop
		return found{
			&grove{berths: []berth{{births: 1, stops: 1}, {births: 3, deaths: 2, stops: 2}, {births: 3, deaths: 2, stops: 1}}},
			[]saboteur{{restarts: 3, stopped: 1}, {restarts: 1}},
		}
	}
	broken(t, size{Actors: 3, Messages: 4}, right,
		func(t *trial, f found) { t.treesChecks(f.grove, f.gang) },
		map[string]func(found){
			"lost is 1: want 0":           func(f found) { f.gang[0].restarts-- },
			"duplicated is 1: want 0":     func(f found) { f.gang[0].restarts++ },
			"births is 6: want 7":         func(f found) { f.grove.berths[1].births-- },
			"berths_uneven is 2: want 0":  func(f found) { f.grove.berths[1].births--; f.grove.berths[2].births++ },
			"deaths is 5: want 4":         func(f found) { f.grove.berths[0].deaths++ },
			"stopped_at_end is 2: want 3": func(f found) { f.grove.berths[0].stops-- },
		})
}

func TestPgCensus(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		disturb      func(ctx context.Context, c *clubs) error
		right, wrong int64
	}{
		"all there": {func(context.Context, *clubs) error { return nil }, 24, 0},
		"one has left": {func(ctx context.Context, c *clubs) error {
			return c.guests[3].hall.Leave(ctx, c.refs[3])
		}, 23, 0},
		"one is in another room": {func(ctx context.Context, c *clubs) error {
			return c.rooms[1].Join(ctx, c.refs[3])
		}, 24, 1},
		"a stranger": {func(ctx context.Context, c *clubs) error {
			ref, err := actor.Spawn(ctx, &guest{})
			if err != nil {
				return err
			}
			return c.halls[0].Join(ctx, ref)
		}, 24, 1},
	} {
		trial := quiet(size{})
		require.NoError(t, trial.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
			clubs := newClubs(12)
			for i := range clubs.guests {
				var err error
				if clubs.refs[i], err = actor.Spawn(ctx, &clubs.guests[i]); err != nil {
					return err
				}
			}
			if err := clubs.perform(ctx, joining); err != nil {
				return err
			}
			if err := c.disturb(ctx, clubs); err != nil {
				return err
			}
			right, wrong := clubs.census(ctx)
			require.Equal(t, []int64{c.right, c.wrong}, []int64{right, wrong}, name)
			require.Equal(t, int64(3), clubs.left(ctx), "two rooms and a hall")
			return nil
		}))
	}
}

func TestPgHear(t *testing.T) {
	g := guest{all: &clubs{over: newCountdown(1)}, rounds: 2}
	g.hear(cue{hall: true, round: 1})
	g.hear(cue{round: 1})
	g.hear(cue{round: 2})
	require.Zero(t, g.gaps)
	g.hear(cue{hall: true, round: 3}) // the second is missing
	require.Equal(t, int64(1), g.gaps)
	<-g.all.over.done
}

// Who share a room are in different halls, and each group has its size.
func TestPgGroups(t *testing.T) {
	c := newClubs(5000)
	rooms, halls := map[pg.Group[cue]]int{}, map[pg.Group[cue]]int{}
	for _, g := range c.guests {
		rooms[g.room]++
		halls[g.hall]++
	}
	require.Len(t, rooms, 500)
	require.Len(t, halls, 5)
	require.Equal(t, roomSize, rooms[c.rooms[7]])
	require.Equal(t, hallSize, halls[c.halls[3]])
	require.NotEqual(t, c.guests[0].hall, c.guests[1].hall)
}

func TestFactoryChecks(t *testing.T) {
	r := routing{keyed: true, ordered: true}
	right := func() *site {
		s := newSite(3)
		for number := range 3 {
			s.do(s.chore(number), r)
		}
		return s
	}
	broken(t, size{Messages: 3}, right, func(t *trial, s *site) { s.close(t, r) }, map[string]func(*site){
		"done_again is 1: want 0":   func(s *site) { s.do(s.chore(1), r) },
		"lost is 1: want 0":         func(s *site) { s.done[1].Store(0) },
		"two_of_a_key is 1: want 0": func(s *site) { s.busy[2].Store(true); s.do(s.chore(2), r) },
		"out_of_order is 1: want 0": func(s *site) { s.do(s.chore(0), r) },
	})
}

func TestPhilosophersChecks(t *testing.T) {
	right := func() *dinner {
		d := quiet(size{Actors: 5, Messages: 10}).laid()
		for i := range d.all {
			d.all[i].eat()
			d.all[i].eat()
		}
		return d
	}
	broken(t, size{Actors: 5, Messages: 10}, right, func(t *trial, d *dinner) { d.clear(t) }, map[string]func(*dinner){
		"forks_in_two_hands is 1: want 0": func(d *dinner) { d.forks[0].take(&d.all[4]) },
		"not_their_share is 2: want 0":    func(d *dinner) { d.all[1].meals++; d.all[2].meals-- },
		"meals_of_forks is 19: want 20":   func(d *dinner) { d.forks[3].meals-- },
		"duplicated is 1: want 0":         func(d *dinner) { d.all[1].eat() },
	})
}

// A philosopher gives a fork that he has eaten with, and keeps a clean one while
// he is hungry.
func TestPhilosopherManners(t *testing.T) {
	d := quiet(size{Actors: 5, Messages: 10}).laid()
	p := &d.all[1] // has the dirty fork on his right, which is wanted
	require.Equal(t, [bothSides]bool{right: true}, p.has)
	var said []string
	names := map[wordKind]string{hunger: "hunger", please: "please", here: "here"}
	hear := func(m word) []string {
		said = nil
		require.NoError(t, p.hear(m, func(to int, m word) error {
			said = append(said, fmt.Sprint(names[m.kind], " to ", []string{"left", "right", "myself"}[to]))
			return nil
		}))
		return said
	}
	require.Equal(t, []string{"here to right", "please to right"}, hear(word{kind: begin}))
	d.forks[1].put(&d.all[0])
	require.Empty(t, hear(word{kind: here, side: left}))
	require.Empty(t, hear(word{kind: please, side: left}), "it is clean")
	require.Zero(t, p.meals)
	require.Equal(t, []string{"hunger to myself", "here to left"}, hear(word{kind: here, side: right}))
	require.Equal(t, int64(1), p.meals)
}

func TestNeighbours(t *testing.T) {
	for i, want := range [][2]int{{4, 1}, {0, 2}, {1, 3}, {2, 4}, {3, 0}, {9, 6}, {5, 7}} {
		before, next := neighbours(i)
		require.Equal(t, want, [2]int{before, next})
	}
}

func TestBankChecks(t *testing.T) {
	type found struct {
		books    *books
		clerks   []clerk
		accounts []account
	}
	right := func() found { // transfer 0 is declined, 1 and 2 are made
		b := &books{given: make([]uint8, 3), taken: make([]uint8, 3)}
		f := found{b, []clerk{{done: 2, declined: 1}}, []account{{balance: openingBalance, books: b}, {balance: openingBalance, books: b}}}
		f.accounts[0].book(0, -openingBalance-1)
		for number := int64(1); number < 3; number++ {
			f.accounts[0].book(number, -70)
			f.accounts[1].book(number, 70)
		}
		return f
	}
	broken(t, size{Actors: 2, Messages: 3}, right,
		func(t *trial, f found) {
			t.bankChecks(f.books, f.clerks, func(i int) *account { return &f.accounts[i] })
		},
		map[string]func(found){
			"applied_once is 1: want 2":       func(f found) { f.books.taken[1] = 0 },
			"applied_in_part is 1: want 0":    func(f found) { f.accounts[1].book(2, 70) },
			"total is 399: want 400":          func(f found) { f.accounts[0].balance-- },
			"duplicated is 1: want 0":         func(f found) { f.accounts[1].book(2, 70) },
			"transfers is 2: want 3":          func(f found) { f.clerks[0].declined-- },
			"lost is 1: want 0":               func(f found) { f.accounts[0].handled-- },
			"accounts_overdrawn is 1: want 0": func(f found) { f.accounts[0].balance = -1 },
		})
}

// A transfer is between two accounts, and all get their share.
func TestTransfers(t *testing.T) {
	const n, accounts = 100_000, 10
	var from, to [accounts]int
	for number := range int64(n) {
		x := transferOf(number, accounts)
		require.NotEqual(t, x.from, x.to)
		require.Positive(t, x.amount)
		from[x.from]++
		to[x.to]++
	}
	for i := range accounts {
		require.InEpsilon(t, n/accounts, from[i], 0.1)
		require.InEpsilon(t, n/accounts, to[i], 0.1)
	}
	require.NotEqual(t, transferOf(1, 2).from, transferOf(1, 2).to)
}

// Everybody eats his share, in whatever order words of different speakers come.
func TestPhilosophersNeverStarve(t *testing.T) {
	for seed := range uint64(2000) {
		trial := quiet(size{Actors: seats, Messages: 13})
		d := trial.laid()
		var underWay [seats + 1][seats][]word // from whom, to whom; the last is who serves
		say := func(from, to int, m word) error {
			underWay[from][to] = append(underWay[from][to], m)
			return nil
		}
		done, cancel := context.WithCancel(context.Background())
		cancel()
		_ = d.serve(done, func(i int, m word) error { return say(seats, i, m) })
		for step := uint64(0); ; step++ {
			var ready [][2]int
			for from := range underWay {
				for to := range underWay[from] {
					if len(underWay[from][to]) > 0 {
						ready = append(ready, [2]int{from, to})
					}
				}
			}
			if len(ready) == 0 {
				break
			}
			next := ready[scatter(seed<<32+step)%uint64(len(ready))]
			words := &underWay[next[0]][next[1]]
			m := (*words)[0]
			*words = (*words)[1:]
			i := next[1]
			left, right := neighbours(i)
			require.NoError(t, d.all[i].hear(m, func(to int, m word) error { return say(i, [...]int{left, right, i}[to], m) }))
		}
		d.clear(trial)
		require.Empty(t, trial.found.Failures, "seed %d", seed)
	}
}
