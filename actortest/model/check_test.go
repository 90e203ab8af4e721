package model_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest/model"
	"github.com/ractor-go/ractor/supervisor"
)

const (
	me    = model.Self
	delay = 10 * time.Millisecond
)

// specimen is a program in which everything happens once; exact only in the sense
// that the reference does the same each time. r0 watches, r1 is
// watched and killed, r2 and r6 are r0's
// children, of which one fails and one is stopped, r3 and r4 are kids of r5.
func specimen() *model.Program {
	return &model.Program{
		Exact:  true,
		Groups: 1,
		Roles: []model.Role{{}, {}, {}, {}, {}, {Sup: &model.Sup{
			Strategy: supervisor.OneForAll, Max: 1,
			Kids: []model.Kid{{Role: 3}, {Role: 4, Restart: supervisor.Transient}},
		}}, {}},
		Scripts: [][]model.Action{
			0: {{Op: model.Spawn, Actor: 0}, {Op: model.Spawn, Actor: 1}, {Op: model.Spawn, Actor: 5}},
			1: {{Op: model.Cast, Actor: 0, Script: 6}},
			2: {
				{Op: model.Cast, Actor: 1, Script: 9}, {Op: model.Cast, Actor: 1, Script: 10}, {Op: model.Kill, Actor: 1},
				{Op: model.Cast, Actor: 1, Script: 11},
			},
			3: {{Op: model.Cast, Actor: 2, Script: 17}, {Op: model.Cast, Actor: 3, Script: 18}, {Op: model.StopWith, Actor: 6}},
			4: {
				{Op: model.Cast, Actor: 0, Script: 19}, {Op: model.Cast, Actor: 0, Script: 20},
				{Op: model.Cast, Actor: 0, Script: 21}, {Op: model.Cast, Actor: 0, Script: 22},
			},
			5: {{Op: model.Broadcast, Script: 23}},
			6: {
				{Op: model.SpawnLinked, Actor: 2}, {Op: model.SpawnLinked, Actor: 6},
				{Op: model.Watch}, {Op: model.Monitor, Actor: 1}, {Op: model.Monitor, Actor: 6}, {Op: model.MonitorMsg, Actor: 1},
				{Op: model.Cast, Actor: 1, Script: 7}, {Op: model.Cast, Actor: 1, Script: 8},
				{Op: model.Call, Actor: 1, Script: 12}, {Op: model.Then, Actor: 1, Script: 13},
				{Op: model.After, Actor: me, Script: 14, Delay: delay}, {Op: model.After, Actor: me, Script: 15, Delay: 2 * delay},
				{Op: model.Every, Actor: me, Script: 16, Delay: 2 * delay},
			},
			7:  {{Op: model.Join}, {Op: model.Cast, Actor: 0, Script: 24}, {Op: model.Cast, Actor: 0, Script: 25}},
			14: {{Op: model.Cancel, Script: 16}},
			17: {{Op: model.Fail}},
			18: {{Op: model.Panic}},
			19: {{Op: model.Stash}},
			20: {{Op: model.Stash}},
			22: {{Op: model.Unstash}, {Op: model.Join}},
			25: nil,
		},
		Rounds: []model.Round{
			{Script: 0, Settle: true},
			{Script: 1, Settle: true, Sleep: 5 * delay},
			{Script: 2, Settle: true},
			{Script: 3, Settle: true},
			{Script: 4, Settle: true},
			{Script: 5, Settle: true},
		},
	}
}

// doctor has the means to falsify a history.
type doctor struct {
	t *testing.T
	h *model.History
}

func (d doctor) record(role, n int) *model.Record {
	for _, r := range d.h.Records {
		if r.Life == (model.Life{Role: role, N: n}) {
			return r
		}
	}
	d.t.Fatalf("no life %d of role %d", n, role)
	return nil
}

// at finds an entry of role's first life; script 0 is any.
func (d doctor) at(role int, what model.What, script int) (log *[]model.Entry, i int) {
	r := d.record(role, 1)
	for i, e := range r.Log {
		if e.What == what && (script == 0 || e.Tag.Script == script) {
			return &r.Log, i
		}
	}
	d.t.Fatalf("r%d has no entry %q with script %d in\n%v", role, what, script, d.h)
	return nil, 0
}

func (d doctor) entry(role int, what model.What, script int) *model.Entry {
	log, i := d.at(role, what, script)
	return &(*log)[i]
}

func (d doctor) remove(role int, what model.What, script int) model.Entry {
	log, i := d.at(role, what, script)
	e := (*log)[i]
	*log = slices.Delete(*log, i, i+1)
	return e
}

func (d doctor) repeat(role int, what model.What, script int) {
	log, i := d.at(role, what, script)
	*log = slices.Insert(*log, i, (*log)[i])
}

func (d doctor) swap(role int, what model.What, a, b int) {
	x, y := d.entry(role, what, a), d.entry(role, what, b)
	x.Tag, y.Tag = y.Tag, x.Tag
}

// first moves an entry in front of another one of the same record.
func (d doctor) first(role int, what model.What, script int, before model.What, its int) {
	e := d.remove(role, what, script)
	log, i := d.at(role, before, its)
	*log = slices.Insert(*log, i, e)
}

// forgeries are histories that must be found out, by what is said of them.
var forgeries = map[string]struct {
	forge func(d doctor)
	want  string
}{
	"two messages swapped":   {func(d doctor) { d.swap(1, model.Handled, 7, 8) }, "which was sent later"},
	"a call overtaken":       {func(d doctor) { d.swap(1, model.Handled, 8, 12) }, "which was sent later"},
	"a message twice":        {func(d doctor) { d.repeat(1, model.Handled, 8) }, "handled 2 times"},
	"a message lost":         {func(d doctor) { d.remove(1, model.Handled, 8) }, "handled 0 times, 0 dead letters"},
	"a refused one handled":  {func(d doctor) { d.entry(1, model.Handled, 8).Tag = d.entry(me, model.Sent, 11).Tag }, `"stopped": handled 1 times`},
	"one that nobody sent":   {func(d doctor) { d.entry(1, model.Handled, 8).Tag.Seq = 99 }, "nobody has sent it"},
	"a dead letter lost":     {func(d doctor) { d.h.Letters = d.h.Letters[1:] }, "handled 0 times, 0 dead letters"},
	"a dead letter twice":    {func(d doctor) { d.h.Letters = append(d.h.Letters, d.h.Letters[0]) }, "2 dead letters"},
	"a dead letter's reason": {func(d doctor) { d.h.Letters[0].Note = "failed" }, `which ends "killed": "failed"`},
	"a full mailbox":         {func(d doctor) { d.h.Letters[0].Note = "full" }, `"full"`},
	"a dead letter expired":  {func(d doctor) { d.h.Letters[0].Note = "expired" }, `"expired"`},
	"an uncounted letter":    {func(d doctor) { d.h.Counts["killed"] = 0 }, "dead letters (killed): 2 were told of, 0 counted"},
	"a broadcast to one": {func(d doctor) {
		d.entry(me, model.Broadcasted, 23).N = 2
	}, "broadcast to 2: 1 have it"},
	"a timer early": {func(d doctor) { d.entry(0, model.Handled, 15).At -= 1 }, "due at 20ms"},
	"timers out of order": {func(d doctor) {
		d.swap(0, model.Handled, 14, 15)
		d.entry(0, model.Handled, 15).At += delay
	}, "due at 10ms, after"},
	"a cancelled timer": {func(d doctor) {
		e := *d.entry(0, model.Handled, 15)
		e.Tag = d.entry(0, model.Ticking, 16).Tag
		r := d.record(0, 1)
		r.Log = append(r.Log, e)
	}, "after it was cancelled"},
	"a Down before a message": {func(d doctor) { d.first(0, model.Downed, 0, model.Handled, 25) }, "after the Down of its sender"},
	"a second Down":           {func(d doctor) { d.repeat(0, model.Downed, 0) }, "too many"},
	"a Down's reason":         {func(d doctor) { d.entry(0, model.Downed, 0).Note = "" }, `which was "killed"`},
	"Started late":            {func(d doctor) { d.first(0, model.Evented, 0, model.PostStopped, 0) }, "Started of r2 after its end"},
	"Started twice":           {func(d doctor) { d.repeat(0, model.Evented, 0) }, "2 times of the start"},
	"an event of a stranger":  {func(d doctor) { d.entry(0, model.Evented, 0).Who.Role = 3 }, "whom it does not know"},
	"an event's reason": {func(d doctor) {
		d.record(2, 1).End = "killed"
	}, `told that r2 has ended with "failed"`},
	"the deaf hear": {func(d doctor) { d.h.Program.Roles[0].Deaf = true }, "which is deaf"},
	"a stranger's state": {func(d doctor) {
		log, _ := d.at(0, model.Evented, 0)
		for i := range *log {
			if e := &(*log)[i]; e.What == model.Evented && e.Who.Role == 1 {
				e.N = 1
			}
		}
	}, "who is no child of it"},
	"no PreStart":         {func(d doctor) { d.remove(1, model.PreStarted, 0) }, "no PreStart"},
	"PreStart twice":      {func(d doctor) { d.repeat(1, model.PreStarted, 0) }, "2 times PreStart"},
	"PostStart late":      {func(d doctor) { d.first(1, model.Handled, 7, model.PostStarted, 0) }, "before PostStart"},
	"PostStart twice":     {func(d doctor) { d.repeat(1, model.PostStarted, 0) }, "2 times PostStart"},
	"PostStop twice":      {func(d doctor) { d.repeat(0, model.PostStopped, 0) }, "2 times PostStop"},
	"no PostStop":         {func(d doctor) { d.remove(0, model.PostStopped, 0) }, "without PostStop"},
	"PostStop after that": {func(d doctor) { d.first(0, model.PostStopped, 0, model.Handled, 25) }, "after PostStop"},
	"PostStop of the failed": {func(d doctor) {
		r := d.record(2, 1)
		r.Log = append(r.Log, model.Entry{What: model.PostStopped})
	}, "with PostStop"},
	"on after a failure": {func(d doctor) {
		r := d.record(2, 1)
		r.Log = append(r.Log, model.Entry{What: model.Handled})
	}, "after a callback that has failed"},
	"a failure forgotten": {func(d doctor) {
		r := d.record(2, 1)
		r.Log, r.End = append(r.Log, model.Entry{What: model.PostStopped}), "normal"
	}, "though a callback has failed"},
	"two crossings":      {func(d doctor) { d.record(1, 1).Crossings = 2 }, "2 crossings"},
	"what an actor saw":  {func(d doctor) { d.record(1, 1).Wrong = []string{"overlap"} }, "overlap"},
	"a join twice":       {func(d doctor) { d.repeat(0, model.Changed, 0) }, "joins group 0 twice"},
	"a leave alone":      {func(d doctor) { d.remove(0, model.Changed, 0) }, "in which it is not"},
	"a ghost joins":      {func(d doctor) { d.entry(0, model.Changed, 0).Added[0].N = 9 }, "whom nobody has seen"},
	"the stash reversed": {func(d doctor) { d.swap(0, model.Handled, 19, 20) }, "is first"},
	"the stash behind": {func(d doctor) {
		d.remove(0, model.Unstashed, 0)
	}, "which it has kept"},
	"the stash short": {func(d doctor) { d.entry(0, model.Unstashed, 0).N = 1 }, "unstashes 1 of 2"},
	"an answer of nobody": {func(d doctor) {
		e := d.remove(1, model.Handled, 12)
		d.h.Letters = append(d.h.Letters, model.Letter{To: model.Life{Role: 1, N: 1}, Tag: e.Tag, Note: "killed"})
	}, "which has not handled it"},
	"two answers": {func(d doctor) { d.repeat(0, model.Answered, 13) }, "two answers"},
	"no answer of the living": {func(d doctor) {
		d.entry(0, model.Called, 12).Note = "no reply"
		d.record(1, 1).End = "normal"
	}, "and ended normally"},
	"the parent told first": {func(d doctor) {
		log, _ := d.at(0, model.Evented, 0)
		var told []int
		for i, e := range *log {
			if e.What == model.Evented && e.Note == "reason" {
				told = append(told, i)
			}
		}
		a, b := &(*log)[told[0]], &(*log)[told[1]]
		a.N, b.N = b.N, a.N
	}, "before it was told as a monitor"},
	"told too soon": {func(d doctor) { d.record(1, 1).Crossed = 1 << 20 }, "before it was Stopping"},
	"on after Kill": {func(d doctor) { d.entry(1, model.Handled, 8).Stamp = 1 << 20 }, "after Kill has returned"},
	"a child after a Kill": {func(d doctor) {
		spawned := d.remove(0, model.Spawned, 0) // of r2, or r6, as if it was r1's
		spawned.Stamp = 1
		r := d.record(1, 1)
		r.Log = append(r.Log, spawned)
		d.record(2, 1).Log[1].Stamp = 1 << 20
		d.entry(2, model.Handled, 17).Stamp = 1 << 20
	}, "r2: 50ms handles outside/5 (script 17) after Kill has returned"},
	"accepted after Kill":   {func(d doctor) { d.entry(me, model.Sent, 11).Note = "" }, "accepts"},
	"kids out of order":     {func(d doctor) { d.record(4, 1).Log[0].Stamp = 1 }, "out of order"},
	"a Temporary restarted": {func(d doctor) { d.h.Program.Roles[5].Sup.Kids[0].Restart = supervisor.Temporary }, "Temporary, and restarted"},
	"lives that overlap":    {func(d doctor) { d.record(3, 1).Crossed = 1 << 20 }, "before the one before it has ended"},
	"too many restarts":     {func(d doctor) { d.h.Program.Roles[5].Sup.Max = 0 }, "incarnations of 2 kids"},
}

// The checker finds every forgery, and nothing in what was not touched.
func TestCheckFindsForgeries(t *testing.T) {
	require.NoError(t, judge(model.Reference(specimen())))
	for name, f := range forgeries {
		t.Run(name, func(t *testing.T) {
			h := model.Reference(specimen())
			f.forge(doctor{t, h})
			require.ErrorContains(t, model.Check(h), f.want)
		})
	}
}

// What the specimen does in truth is legal too. It is not the same each time:
// round 2 has a race.
func TestSpecimen(t *testing.T) {
	p := specimen()
	p.Exact = false
	require.NoError(t, simulate(t, p, 30, nil))
	require.NoError(t, onWorkers(t, p))
}

// A fact more or less, or another one, is a difference.
func TestCompare(t *testing.T) {
	reference := model.Reference(specimen())
	for name, forge := range map[string]func(h *model.History){
		"an end":    func(h *model.History) { h.Records[1].End = "killed" },
		"an entry":  func(h *model.History) { h.Records[1].Log = h.Records[1].Log[1:] },
		"a letter":  func(h *model.History) { h.Letters = nil },
		"a counter": func(h *model.History) { h.Counts["failed"]++ },
		"a member":  func(h *model.History) { h.Final = h.Final[1:] },
		"the kids": func(h *model.History) {
			d := doctor{t, h}
			a, b := d.entry(3, model.PreStarted, 0), d.entry(4, model.PreStarted, 0)
			a.Stamp, b.Stamp = b.Stamp, a.Stamp
		},
		"one record": func(h *model.History) { h.Records = h.Records[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			h := model.Reference(specimen())
			require.NoError(t, model.Compare(reference, h))
			forge(h)
			require.ErrorContains(t, model.Compare(reference, h), "not the facts of the reference")
		})
	}
}

// The smallest program that spawns is one that does nothing else.
func TestShrink(t *testing.T) {
	p := model.Shrink(program(3, false), 10_000, func(p *model.Program) bool {
		return len(model.Reference(p).Records) > 1
	})
	require.Equal(t, 1, p.Size(), "%v", p)
	require.Len(t, p.Rounds, 1)
	require.Contains(t, p.String(), "spawns r")
}
