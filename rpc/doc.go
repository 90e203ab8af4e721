// Package rpc asks actors and waits for the answer.
//
// A request is an ordinary message that carries a [Reply]: ask builds it, the
// handler calls Send once, from wherever it likes. [Call] waits for that, [Multi]
// for the answers of many; [Then] continues inside the asking actor instead of
// waiting, and [Forward] sends the answer on to a third one.
//
//	total, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) add { return add{n: 1, total: r} })
//
// # Who ends a call
//
// The deadline is ctx's, and nothing else's. The actor that has got the request
// answers for it (the duty) until
//
//   - it replies, with Send or Fail;
//   - it ends, or the request is discarded unhandled: the caller gets
//     [ErrNoReply] at once, unless a reply came before;
//   - it hands the duty on, with [Give];
//   - it declares with Detach that from now on only Send, Fail and the caller's
//     ctx end the call.
//
// A handler may return and keep the Reply: the duty stays with its actor. When
// the caller has given up, a request that is still queued is not handled any
// more; it becomes a dead letter, actor.ErrExpired.
//
// # Inside handlers
//
// Call inside a handler hands the worker on to others while it waits, whatever
// ctx it was given, so no number of waiting handlers stops the rest (up to
// sched.Config.MaxWaiters). A cycle of such calls is a deadlock that only ctx
// ends, and that [Debug] finds; [Then] has no such problem. Calling oneself is [ErrSelfCall], and so is
// calling, in PreStart, the actor whose handler spawns. A goroutine that a
// handler has started is outside and may call whom it likes.
//
// # Finding mistakes
//
// [Debug] is for tests, and for a System that hangs: a call that would close a
// cycle is [ErrCallCycle], with the names of who waits for whom, and a request
// that was handled but never answered is logged with the type of its message.
//
// # What it costs
//
// Ports for replies are pooled: a call from outside that is answered allocates
// nothing. A Reply knows which call it belongs to, so a copy that is kept and
// used again reaches nobody. A call that is given up, or refused, costs its port,
// two objects; Give and Forward cost one object, Multi its result.
package rpc
