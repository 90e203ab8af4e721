// Package factory is pools of workers: jobs go in, a router finds a worker for
// each, and the factory sees to it that every job ends in exactly one way.
//
//	f, err := factory.Spawn(ctx, factory.Config[string]{
//		NewWorker: factory.Func(func(ctx context.Context, url string) error { … }),
//		Workers:   8,
//		Retry:     factory.Retry{Max: 3, Backoff: time.Second},
//	})
//	err = f.Submit(ctx, "https://go.dev") // nil: accepted
//	err = f.Drain(ctx)                    // do the rest, then end
//
// A factory is an actor, and each worker is an actor below it that has one job
// at a time. Where there are no more jobs than actors one needs no factory; it is
// for work that has to be bounded, ordered by key or priority, retried, expired,
// and counted.
//
// # The way of a job
//
// Sent ([Factory.Submit], or a Cast to [Factory.Ref]) → refused, or accepted →
// given to an idle worker, or queued: at a worker, or in the shared queue,
// whichever the [Router] says → in flight → done; or retried, which is queued
// again; or discarded with a [Reason].
//
// # What holds
//
//   - [Stats] balance at any moment: Submitted = Done + Discarded + InFlight +
//     Queued, whatever workers do, and however they end.
//   - A worker that panics, is killed, is found stuck or says ErrBroken is
//     replaced under the same number by what NewWorker makes anew. The job that
//     it had is retried or discarded; one that it had not begun, and all that
//     wait for it, keep their places.
//   - OnDone is called once for each attempt, OnDiscard once for each discarded
//     job, each after it was booked.
//   - A queue is first come, first served within each priority. With
//     [KeyPersistent] and [StickyQueuer] no two jobs of a key are worked on at a
//     time (see below for the exception).
//   - What a job costs does not depend on how many workers there are or how many
//     jobs wait: O(1), with TTL, StuckAfter or Backoff O(log n). No clock is
//     read for a job without one of these or Rate.
//
// # Limits
//
//   - A retried job may have been done in part, or even twice: a worker that
//     ignores its ctx when it is killed is written off after
//     actor.Config.KillGrace, and only its result is fenced off. That is also
//     the one case in which two jobs of a key may run at a time.
//   - A retried job comes behind others of its key.
//   - Jobs that are still in the factory's mailbox when it ends are dead letters
//     of the System; nobody has accepted them. Kill of the factory runs no hook.
//   - The functions of the Config run inside the factory: a slow one delays all.
//   - A worker that cannot start is tried again after 10ms, 20ms, and so on up to
//     a second, for ever; what waits for that worker alone waits as long, or
//     until its TTL. A worker that can, and dies of its jobs, is replaced at
//     once: that ends with the jobs.
//
// # Differences from ractor
//
//   - Nothing is lost: not the job of a worker that dies (FA4), nor what waits at
//     a worker when the factory stops (FA20), nor the result of a job that ends
//     while it does (FA27). A worker's result is Do's error; it cannot name a
//     wrong key (FA2), and a worker is no actor of the user's over ractor's
//     messages.
//   - A replacement that cannot start does not end the factory (FA4).
//   - The rate is looked at before the router is asked, and counts what is
//     accepted (FA5). What was accepted is not discarded for it later (FA12).
//   - A router that points outside the pool discards the job (Misrouted); it is
//     not wrapped (FA10).
//   - The dead man's switch times jobs, not answers to pings, and waits for no
//     worker's death inside the factory (FA25). TTL, too, has no sweep (FA22).
//   - Resize to 0 pauses (FA23). A job of the last lane that would be its own
//     victim is refused, not accepted and shed (FA16).
//   - Retry is a setting of the factory, with back-off, not of a message that
//     resubmits itself; there is no retry for ever (FA32).
//   - What ractor asks for as queue_depth and active_workers is in Stats: Queued,
//     with what waits at workers, and InFlight; available_capacity is
//     [Factory.Available] (FA31).
//   - OnDraining runs once (FA28). Settings reach all workers (FA30). Stats are
//     values to be read, and Observe, instead of callbacks, and a job carries no
//     times: OnDone can take them (FA29). TTL is one for all jobs; a factory is
//     not reached over the network as such, its Ref is.
package factory
