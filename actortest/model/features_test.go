package model_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest/model"
	"github.com/ractor-go/ractor/supervisor"
)

// feature is a small exact program around one thing, and a fault: what is made of
// its history must be found out.
type feature struct {
	roles   []model.Role
	scripts [][]model.Action // the first ones are rounds
	rounds  int
	forge   func(d doctor)
	want    string
}

func (f feature) program() *model.Program {
	p := &model.Program{Exact: true, Roles: f.roles, Scripts: f.scripts}
	for i := range f.rounds {
		p.Rounds = append(p.Rounds, model.Round{Script: i, Settle: true, Sleep: 5 * delay})
	}
	return p
}

func does(actions ...model.Action) []model.Action { return actions }

func cast(to, script int) model.Action {
	return model.Action{Op: model.Cast, Actor: to, Script: script}
}

func op(o model.Op, to int) model.Action { return model.Action{Op: o, Actor: to} }

// keeper are two kids that keep their mailboxes, and their supervisor.
func keeper(s supervisor.Strategy) []model.Role {
	return []model.Role{{}, {}, {Sup: &model.Sup{
		Strategy: s, Max: 1, Kids: []model.Kid{{Role: 0, Keep: true}, {Role: 1, Keep: true}},
	}}}
}

var features = map[string]feature{
	"Suspend": {
		roles: make([]model.Role, 1), rounds: 4,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(op(model.Suspend, 0)), does(cast(0, 4)), does(op(model.Resume, 0)), nil,
		},
		forge: func(d doctor) { d.entry(0, model.Handled, 4).Stamp = d.entry(me, model.Sent, 4).Stamp },
		want:  "r0: 150ms handles outside/1 (script 4) though it is suspended",
	},
	"Become": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 2), cast(0, 3), cast(0, 4), cast(0, 5)),
			does(op(model.Become, me)), nil, does(op(model.Become, me)), nil,
		},
		forge: func(d doctor) { d.entry(0, model.Handled, 4).Op = 0 },
		want:  "r0: 50ms handles outside/3 (script 4), by the wrong handler",
	},
	"Async": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 2)),
			does(op(model.Async, me), model.Action{Op: model.Async, Actor: me, Group: 1}),
		},
		forge: func(d doctor) { d.entry(0, model.Returned, 0).Note = "panic" },
		want:  `has the result of r0/1 (script 0) "panic", where "" was to come`,
	},
	"Async, twice": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 2)), does(op(model.Async, me)),
		},
		forge: func(d doctor) { d.repeat(0, model.Returned, 0) },
		want:  "or nothing",
	},
	"Idle": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)),
			does(cast(0, 2), model.Action{Op: model.After, Actor: 0, Script: 3, Delay: delay}),
			does(model.Action{Op: model.Idle, Actor: me, Script: 4, Delay: delay + 1}), nil, does(op(model.Idle, me)),
		},
		forge: func(d doctor) { d.entry(0, model.Handled, 4).At -= 1 },
		want:  "though something has come at 60ms",
	},
	"Idle, once more": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 2)),
			does(model.Action{Op: model.Idle, Actor: me, Script: 3, Delay: delay}), does(op(model.Idle, me)),
		},
		forge: func(d doctor) {
			e := *d.entry(0, model.Handled, 3)
			log, i := d.at(0, model.PostStopped, 0)
			e.At = (*log)[i].At
			*log = append((*log)[:i:i], e, (*log)[i])
		},
		want: "and it idles 0s",
	},
	"Link": {
		roles: make([]model.Role, 3), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0), op(model.Spawn, 1), op(model.Spawn, 2)), does(cast(0, 3)), does(op(model.Kill, 0)),
			does(op(model.Link, 1), op(model.Link, 2), cast(1, 4), op(model.Unlink, 2)), does(op(model.Link, 0)),
		},
		forge: func(d doctor) { d.record(2, 1).End = "killed" },
		want:  `too many 1×: r2: ends "killed"`,
	},
	"Link, and die": {
		roles: make([]model.Role, 2), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0), op(model.Spawn, 1)), does(cast(0, 3)), does(op(model.Kill, 0)),
			does(op(model.Link, 1)),
		},
		forge: func(d doctor) {
			r := d.record(1, 1)
			r.End, r.Log = "normal", append(r.Log, model.Entry{What: model.PostStopped, Stamp: r.Crossed + 1})
		},
		want: `missing 1×: r1: ends "killed"`,
	},
	"KeepMailbox": {
		roles:  keeper(supervisor.OneForAll),
		rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 2)), does(cast(0, 2)),
			does(cast(me, 3), cast(me, 4), op(model.Become, me), op(model.Panic, me)), nil, nil,
		},
		forge: func(d doctor) { d.swap(0, model.Handled, 3, 4) },
		want:  "which was sent later",
	},
	"KeepMailbox, the message lost": {
		roles: keeper(supervisor.OneForOne), rounds: 2,
		scripts: [][]model.Action{does(op(model.Spawn, 2)), does(cast(0, 2)), does(op(model.Fail, me))},
		forge:   func(d doctor) { d.h.Letters = nil },
		want:    "outside/1 (script 2) to r0: failed in who was kept, and is no dead letter",
	},
	"KeepMailbox, the queue lost": {
		roles: keeper(supervisor.OneForOne), rounds: 2,
		scripts: [][]model.Action{does(op(model.Spawn, 2)), does(cast(0, 2)), does(cast(me, 3), op(model.Goexit, me)), nil},
		forge: func(d doctor) {
			d.h.Letters = append(d.h.Letters, model.Letter{To: model.Life{N: 1}, Tag: d.remove(0, model.Handled, 3).Tag, Note: "failed"})
		},
		want: `too many 1×: r0: dead letter r0/0 (script 3) "failed"`,
	},
	"KeepMailbox, what was set up stays": {
		roles: keeper(supervisor.OneForOne), rounds: 2,
		scripts: [][]model.Action{does(op(model.Spawn, 2)), does(cast(0, 2)), does(cast(me, 3), op(model.Become, me), op(model.Fail, me)), nil},
		forge:   func(d doctor) { d.entry(0, model.Handled, 3).Op = model.Become },
		want:    "by the wrong handler",
	},
	"StopTree": {
		roles: make([]model.Role, 3), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 3)), does(op(model.StopTree, 0)),
			does(op(model.SpawnLinked, 1), cast(1, 4)), does(op(model.SpawnLinked, 2)),
		},
		forge: func(d doctor) {
			d.remove(2, model.PostStopped, 0)
			d.record(2, 1).End = "killed"
		},
		want: `missing 1×: r2: PostStop`,
	},
	"StopTree, too early": {
		roles: make([]model.Role, 1), rounds: 2,
		scripts: [][]model.Action{does(op(model.Spawn, 0)), does(op(model.StopTree, 0))},
		forge:   func(d doctor) { d.entry(0, model.PostStopped, 0).Stamp = 1 << 20 },
		want:    "PostStop after StopTree has returned",
	},
	"a supervisor within another": {
		roles: []model.Role{
			{}, {Sup: &model.Sup{Max: 1, Kids: []model.Kid{{Role: 0}}}}, {},
			{Sup: &model.Sup{Max: 1, Strategy: supervisor.OneForAll, Kids: []model.Kid{{Role: 1}, {Role: 2}}}},
		},
		rounds:  3,
		scripts: [][]model.Action{does(op(model.Spawn, 3)), does(op(model.Kill, 0)), does(op(model.Kill, 0))},
		forge: func(d doctor) { // it has given up, and is not started again
			d.h.Records = slices.DeleteFunc(d.h.Records, func(r *model.Record) bool { return r.Life == model.Life{Role: 0, N: 3} })
			d.h.Final[0], d.h.Final[1] = "r0 is stopped", "r1 is stopped"
		},
		want: "missing 1×: r0#3: PreStart",
	},
	"a supervisor that is killed": {
		roles: []model.Role{
			{}, {Sup: &model.Sup{Max: 1, Kids: []model.Kid{{Role: 0}}}},
			{Sup: &model.Sup{Max: 1, Kids: []model.Kid{{Role: 1}}}},
		},
		rounds:  2,
		scripts: [][]model.Action{does(op(model.Spawn, 2)), does(op(model.Kill, 1))},
		forge:   func(d doctor) { d.record(0, 1).Crossed = 1 << 20 },
		want:    "r0#2 begins before the one before it has ended",
	},
	"a dynamic supervisor": {
		roles: []model.Role{
			{}, {}, {Sup: &model.Sup{Dynamic: true, Max: 3, Kids: []model.Kid{{Role: 0}, {Role: 1}}}},
		},
		rounds: 5,
		scripts: [][]model.Action{
			does(op(model.Spawn, 2)), does(op(model.Hire, 0)), does(op(model.Hire, 1)), does(op(model.Kill, 0)), does(op(model.Fire, 0)),
		},
		forge: func(d doctor) { // it is not started again, and so is not there to be fired
			r := &d.h.Records[0].Log[len(d.h.Records[0].Log)-1]
			r.Note, r.Who.N = "not found", 1
		},
		want: `missing 1×: outside: has ended (fires) r0#2`,
	},
	"KeepMailbox, the stash": {
		roles: keeper(supervisor.OneForOne), rounds: 2,
		scripts: [][]model.Action{
			does(op(model.Spawn, 2)), does(cast(0, 2), cast(0, 3), cast(0, 4)),
			does(op(model.Stash, me)), does(op(model.Fail, me)), nil,
		},
		forge: func(d doctor) { d.swap(0, model.Handled, 2, 4) },
		want:  "handles outside/3 (script 4) while outside/1 (script 2) is first",
	},
	"KeepMailbox, children": {
		roles: append(keeper(supervisor.OneForOne), model.Role{}), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 2)), does(cast(0, 3)), does(cast(0, 4)), does(op(model.SpawnLinked, 3)), does(op(model.Fail, me)),
		},
		forge: func(d doctor) {
			d.record(3, 1).End = "normal"
			d.h.Final[3] = "r3 is running"
		},
		want: `missing 1×: r3: ends "killed"`,
	},
	"KeepMailbox, monitors": {
		roles: append(keeper(supervisor.OneForOne), model.Role{}), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 2), op(model.Spawn, 3)), does(cast(0, 3)), does(op(model.Kill, 3)),
			does(op(model.Monitor, 3), op(model.MonitorMsg, 3), op(model.Fail, me)),
		},
		forge: func(d doctor) {
			log, i := d.at(0, model.PostStopped, 0)
			*log = slices.Insert(*log, i, model.Entry{What: model.Evented, Who: model.Life{Role: 3, N: 1}, Note: "killed", Stamp: (*log)[i].Stamp})
		},
		want: "r0: told of r3, whom it does not know",
	},
	"StopTree, parents first": {
		roles: make([]model.Role, 2), rounds: 3,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(cast(0, 3)), does(op(model.StopTree, 0)), does(op(model.SpawnLinked, 1)),
		},
		forge: func(d doctor) {
			a, b := d.entry(0, model.PostStopped, 0), d.entry(1, model.PostStopped, 0)
			a.Stamp, b.Stamp = b.Stamp, a.Stamp
		},
		want: "r1: PostStop after that of its parent r0",
	},
	"a deadline": {
		roles: make([]model.Role, 1), rounds: 4,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(op(model.Suspend, 0)),
			does(model.Action{Op: model.Call, Actor: 0, Script: 4, Delay: delay}), does(op(model.Resume, 0)), nil,
		},
		forge: func(d doctor) { d.entry(me, model.Called, 4).At -= time.Millisecond },
		want:  "from 100ms to 109ms, with a deadline of 10ms",
	},
	"an expired request": {
		roles: make([]model.Role, 1), rounds: 4,
		scripts: [][]model.Action{
			does(op(model.Spawn, 0)), does(op(model.Suspend, 0)),
			does(model.Action{Op: model.Call, Actor: 0, Script: 4, Delay: delay}), does(op(model.Resume, 0)), nil,
		},
		forge: func(d doctor) {
			r := d.record(0, 1)
			e := *d.entry(0, model.PostStopped, 0)
			e.What, e.Tag = model.Handled, d.h.Letters[0].Tag
			r.Log = append(r.Log[:2:2], e, r.Log[2])
			d.h.Letters = nil
		},
		want: `missing 1×: r0: dead letter outside/0 (script 4) "expired"`,
	},
}

// What the reference says of each feature is what happens, and a history that says
// otherwise is found out.
func TestFeatures(t *testing.T) {
	for name, f := range features {
		t.Run(name, func(t *testing.T) {
			h := model.Reference(f.program())
			require.NoError(t, judge(h), "%v", h)
			require.NoError(t, simulate(t, f.program(), 20, nil))
			require.NoError(t, onWorkers(t, f.program()))
			f.forge(doctor{t, h})
			require.ErrorContains(t, judge(h), f.want)
		})
	}
}
