package bugs

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// pool has one worker and hands queries to it.
type pool struct {
	right  bool
	worker actor.Ref[query]
}

// job is a query, or the end of a worker.
type job struct {
	query query
	down  *actor.Down
}

func (p *pool) PreStart(ctx *actor.Context[job]) error { return p.start(ctx, true) }

func (p *pool) start(ctx *actor.Context[job], monitor bool) (err error) {
	if p.worker, err = actor.Spawn(ctx, database()); err == nil && monitor {
		ctx.MonitorMsg(p.worker.Any(), func(d actor.Down) job { return job{down: &d} })
	}
	return err
}

func (p *pool) Handle(ctx *actor.Context[job], j job) error {
	if j.down != nil {
		return p.start(ctx, p.right)
	}
	if err := p.worker.Cast(ctx, j.query); err != nil {
		j.query.row.Fail(err)
	}
	return nil
}

// ergo #171. The pool was told of the end of its workers and started others in
// their place, but the others it did not ask to be told of: each worker was
// restarted once.
//
// Seen as: after two failures nobody answers any more.
func poolForgets(right bool) program {
	return func(sys *actortest.System) {
		p := spawn(sys, &pool{right: right})
		for range 2 {
			_ = p.Cast(sys, job{query: query{breaks: true}})
			sys.Settle()
		}
		sys.Eventually(time.Second, func() bool {
			_, err := rpc.Call(sys, p, func(r rpc.Reply[int]) job {
				r.Detach() // the worker answers
				return job{query: query{row: r}}
			})
			return err == nil
		}, "a worker answers")
		require.NoError(sys, p.StopAndWait(sys))
	}
}
