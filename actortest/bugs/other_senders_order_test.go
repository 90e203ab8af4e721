package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// task is work for a worker, or the tool to do it with.
type task struct {
	tool string
	job  int
}

type worker struct {
	sys   *actortest.System
	right bool
	tool  string
}

func (w *worker) Handle(ctx *actor.Context[task], t task) error {
	switch {
	case t.tool != "":
		w.tool = t.tool
		ctx.Unstash()
	case w.tool == "" && w.right:
		ctx.Stash(t)
	default:
		require.NotEmpty(w.sys, w.tool, "a job without a tool")
	}
	return nil
}

// The messages of one sender come in order; those of two do not, whoever was
// asked first. The worker's tool, which another actor brings, may come after the
// first job.
//
// Seen as: the worker has a job and no tool.
func otherSendersOrder(right bool) program {
	return func(sys *actortest.System) {
		w := spawn(sys, &worker{sys: sys, right: right})
		thread(sys, func(ctx context.Context) { _ = w.Cast(ctx, task{tool: "hammer"}) })
		require.NoError(sys, w.Cast(sys, task{job: 1}))
	}
}
