package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/factory"
)

// soakJobs gives jobs to factories whose workers fail, panic, break and get
// stuck, while their pools are resized and their settings change; then it
// drains or stops them, jobs and all. Each job ends exactly once.
type soakJobs struct {
	h         *soakHouse
	r         *rand.Rand
	submitted int64
	ends      [jobEnds]atomic.Int64
	factories int64
	replaced  uint64
	retried   uint64
	resized   int64
}

const (
	jobsPart    = "jobs"
	jobsSenders = 3
	jobsEach    = 60 // of each sender in a round
)

// How jobs end.
const (
	jobOpen int32 = iota
	jobDone
	jobDiscarded // by the factory, refused ones too
	jobRefused   // the factory has ended, or ended with it in its mailbox
	jobEnds
)

// soakJob is a job; what its worker does depends on way.
type soakJob struct {
	j     *soakJobs
	way   int
	key   string
	tries atomic.Int32
	end   atomic.Int32
	over  *countdown
}

func (j *soakJob) ends(how int32) {
	if !j.end.CompareAndSwap(jobOpen, how) {
		j.j.h.wrongf(jobsPart, "a job has ended as %d and as %d", j.end.Load(), how)
		return
	}
	j.j.ends[how].Add(1)
	j.over.one()
}

var errJobFails = errors.New("told to fail")

// do is the work of all workers. Half of what goes wrong goes well when it is
// tried again.
func (j *soakJob) do(ctx context.Context) error {
	if j.tries.Add(1) > 1 && j.way%2 == 0 {
		return nil
	}
	switch j.way {
	case 0, 1:
		return errJobFails
	case 2, 3:
		panic(errJobFails)
	case 4, 5:
		return fmt.Errorf("worker of %s: %w", j.key, factory.ErrBroken)
	case 6:
		runtime.Goexit()
	case 7: // until the dead man's switch kills the worker
		<-ctx.Done()
		return context.Cause(ctx)
	case 8, 9:
		time.Sleep(time.Millisecond)
	}
	return nil
}

func (j *soakJobs) name() string { return jobsPart }

func (j *soakJobs) start(_ context.Context, h *soakHouse) error {
	j.h, j.r = h, h.random(jobsPart)
	return nil
}

// config draws a factory.
func (j *soakJobs) config() factory.Config[*soakJob] {
	routers := []factory.Router{
		factory.Queuer(), factory.RoundRobin(), factory.KeyPersistent(), factory.StickyQueuer(),
	}
	cfg := factory.Config[*soakJob]{
		NewWorker:  factory.Func(func(ctx context.Context, job *soakJob) error { return job.do(ctx) }),
		Workers:    between(j.r, 1, 8),
		Router:     routers[j.r.IntN(len(routers))],
		Key:        func(job *soakJob) string { return job.key },
		Priority:   func(job *soakJob) int { return job.way % 3 },
		Retry:      factory.Retry{Max: j.r.IntN(3)},
		StuckAfter: 20 * time.Millisecond,
		Discard:    factory.Discard(j.r.IntN(2)),
		Shutdown:   50 * time.Millisecond,
		OnDone: func(job *soakJob, err error) {
			if err == nil {
				job.ends(jobDone)
			}
		},
		OnDiscard: func(job *soakJob, _ factory.Reason) { job.ends(jobDiscarded) },
	}
	if j.r.IntN(2) == 0 {
		cfg.Limit = between(j.r, 1, 30)
	}
	if j.r.IntN(4) == 0 {
		cfg.TTL = time.Duration(between(j.r, 1, 20)) * time.Millisecond
	}
	if j.r.IntN(3) == 0 {
		cfg.Retry.Backoff = time.Millisecond
	}
	return cfg
}

func (j *soakJobs) round(ctx context.Context) error {
	f, err := factory.Spawn(ctx, j.config())
	if err != nil {
		return err
	}
	j.factories++
	over := newCountdown(jobsSenders * jobsEach)
	var senders sync.WaitGroup
	for range jobsSenders {
		r := rand.New(rand.NewPCG(j.r.Uint64(), 0))
		senders.Go(func() { j.submit(ctx, f, r, over) })
	}
	j.submitted += jobsSenders * jobsEach

	for range j.r.IntN(6) { // meanwhile
		j.resized++
		if err := f.Resize(ctx, j.r.IntN(9)); err != nil {
			return fmt.Errorf("resize: %w", err)
		}
		soakPause(ctx, time.Duration(j.r.IntN(2000))*time.Microsecond)
	}
	err = f.Update(ctx, func(cfg *factory.Config[*soakJob]) {
		cfg.Workers, cfg.Limit = between(j.r, 1, 8), 0
	})
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if j.r.IntN(3) == 0 { // with the jobs under way
		f.Ref().Stop()
	} else {
		senders.Wait()
		if err := f.Drain(ctx); err != nil {
			return fmt.Errorf("drain: %w", err)
		}
	}
	if err := soakEnded(ctx, f.Any()); err != nil {
		return err
	}
	senders.Wait()
	if err := await(ctx, over.done); err != nil {
		return fmt.Errorf("jobs have not ended, of %+v: %w", f.Stats(), err)
	}
	st := f.Stats()
	if st.Submitted != st.Done+st.Discarded || st.InFlight != 0 || st.Queued != 0 {
		j.h.wrongf(jobsPart, "a factory that has ended says %+v", st)
	}
	j.replaced += st.Replaced
	j.retried += st.Retried
	return j.h.audit.flush(ctx)
}

// submit sends jobs, one after another.
func (j *soakJobs) submit(ctx context.Context, f factory.Factory[*soakJob], r *rand.Rand, over *countdown) {
	for range jobsEach {
		job := &soakJob{j: j, way: r.IntN(40), key: strconv.Itoa(r.IntN(12)), over: over}
		var refused *factory.RefusedError
		switch err := f.Submit(ctx, job); {
		case err == nil, errors.As(err, &refused): // OnDone or OnDiscard tells the end
		case ctx.Err() != nil:
			return // nobody knows; the round has failed
		default:
			job.ends(jobRefused)
		}
	}
}

func (j *soakJobs) stop(context.Context) error { return nil }

func (j *soakJobs) account(t *trial) {
	t.count("factories", j.factories)
	t.count("resized", j.resized)
	t.count("retried", int64(j.retried))
	t.count("workers_replaced", int64(j.replaced))
	t.count("done", j.ends[jobDone].Load())
	t.count("discarded", j.ends[jobDiscarded].Load())
	t.count("refused", j.ends[jobRefused].Load())
	var ended int64
	for how := range j.ends {
		ended += j.ends[how].Load()
	}
	t.want("ended", ended, j.submitted)
}
