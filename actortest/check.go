package actortest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/ractor-go/ractor/actor"
)

// Check fails t if a, an actor's value, a Behaviour, or what actor.With makes of
// one, has a method that looks like a hook and would never be called: a hook's
// name misspelled, or one that other frameworks use (Prestart, OnStop,
// HandleSupervisor …), a wrong signature, or a pointer receiver that a value does
// not have. Spawn finds the latter two as well; the first nobody else can.
//
// A name that is only near a hook's counts if the method takes what the hook
// takes first: a method Handled() is nobody's business. Methods that are not
// exported are not seen.
func Check(t testing.TB, a any) {
	t.Helper()
	for _, what := range flaws(a) {
		t.Errorf("actortest: Check: %s", what)
	}
}

// flaws is what is wrong with a, for people.
func flaws(a any) []string {
	if w, ok := a.(interface{ Behaviour() any }); ok {
		a = w.Behaviour()
	}
	t := reflect.TypeOf(a)
	if t == nil {
		return []string{"nil is no actor"}
	}
	reach := t
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		reach = reflect.PointerTo(t) // its methods are those that somebody meant
	}
	handle, ok := reach.MethodByName("Handle")
	if !ok || handle.Type.NumIn() < 3 || !isContext(handle.Type.In(1)) {
		return append(misspelled(t, reach, nil), noHandle(t, handle, ok))
	}
	want := signatures(reach, handle.Type)
	var found []string
	for _, name := range hookNames {
		m, ok := reach.MethodByName(name)
		if !ok {
			continue
		}
		if has := signature(m.Type); has != want[name] {
			found = append(found, fmt.Sprintf("%v.%s is %s, and is not called: want %s", t, name, has, want[name]))
		} else if _, ok := t.MethodByName(name); !ok {
			found = append(found, fmt.Sprintf("%v.%s has a pointer receiver: spawn a *%v", t, name, t))
		}
	}
	return append(found, misspelled(t, reach, want)...)
}

func noHandle(t reflect.Type, handle reflect.Method, ok bool) string {
	if ok {
		return fmt.Sprintf("%v.Handle is %s: want func(*actor.Context[M], M) error", t, signature(handle.Type))
	}
	return fmt.Sprintf("%v has no method Handle: it is no actor", t)
}

// hookNames are the methods that are called.
var hookNames = [...]string{"Handle", "PreStart", "PostStart", "PostStop", "HandleSupervision", "Inspect"}

// signatures are what the hooks of a type must be, without receiver. They are
// actor's own (PreStarter and the others), but a type that is known by reflection
// alone cannot be put into those: what is wanted is made of the parameters of
// Handle, (ctx, m) for an Actor, (ctx, m, s) for a Behaviour, whose s is what its
// PreStart returns.
func signatures(reach, handle reflect.Type) map[string]string {
	ctx, m := handle.In(1).String(), handle.In(2).String()
	last, state := "", "" // parameter
	if handle.NumIn() > 3 {
		state = handle.In(3).String()
		last = ", " + state
	}
	pre := fmt.Sprintf("func(%s) error", ctx)
	if last != "" {
		args := "A"
		if m, ok := reach.MethodByName("PreStart"); ok && m.Type.NumIn() > 2 {
			args = m.Type.In(2).String()
		}
		pre = fmt.Sprintf("func(%s, %s) (%s, error)", ctx, args, strings.TrimPrefix(state, "*"))
	}
	return map[string]string{
		"Handle":            fmt.Sprintf("func(%s, %s%s) error", ctx, m, last),
		"PreStart":          pre,
		"PostStart":         fmt.Sprintf("func(%s%s) error", ctx, last),
		"PostStop":          fmt.Sprintf("func(%s%s) error", ctx, last),
		"HandleSupervision": fmt.Sprintf("func(%s, %v%s) error", ctx, reflect.TypeFor[actor.Event](), last),
		"Inspect":           fmt.Sprintf("func(%s) interface {}", state),
	}
}

// signature is a method's type without the receiver.
func signature(method reflect.Type) string {
	in := make([]reflect.Type, 0, method.NumIn())
	out := make([]reflect.Type, 0, method.NumOut())
	for i := 1; i < method.NumIn(); i++ {
		in = append(in, method.In(i))
	}
	for i := range method.NumOut() {
		out = append(out, method.Out(i))
	}
	return reflect.FuncOf(in, out, method.IsVariadic()).String()
}

// isContext says that a type is a *actor.Context of something.
func isContext(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == reflect.TypeFor[actor.Event]().PkgPath() &&
		strings.HasPrefix(t.Elem().Name(), "Context[")
}

// misspelled finds methods with a name near a hook's; want are the signatures, or
// nil.
func misspelled(t, reach reflect.Type, want map[string]string) (found []string) {
	for i := range reach.NumMethod() {
		m := reach.Method(i)
		meant := nearest(m.Name, likeAHook(m.Type))
		if meant == "" {
			continue
		}
		what := fmt.Sprintf("%v.%s is no hook, and is not called: did you mean %s?", t, m.Name, meant)
		if want != nil && signature(m.Type) != want[meant] {
			what += " That is " + want[meant]
		}
		found = append(found, what)
	}
	return found
}

// likeAHook says that a method takes what a hook takes first, or takes nothing and
// returns what Inspect returns.
func likeAHook(method reflect.Type) bool {
	if method.NumIn() > 1 {
		return isContext(method.In(1))
	}
	return method.NumOut() == 1 && method.Out(0) == reflect.TypeFor[any]()
}

// nearest is the hook that a method's name is meant to be; "" if it is one, or
// none. In a method that is not like a hook only upper and lower case may differ.
func nearest(name string, like bool) (hook string) {
	low := strings.ToLower(name)
	best := 4 // letters that differ, plus 1
	for _, h := range hookNames {
		if name == h {
			return ""
		}
		switch d := distance(low, strings.ToLower(h)); {
		case d == 0:
			return h
		case like && d < best && d <= len(h)/4:
			hook, best = h, d
		}
	}
	if hook == "" && like {
		hook = elsewhere[low]
	}
	return hook
}

// elsewhere is what other frameworks, and earlier thoughts, call the hooks.
var elsewhere = map[string]string{
	"receive": "Handle", "onmessage": "Handle", "handlemessage": "Handle", "handlecast": "Handle",
	"handlecall": "Handle", "handleinfo": "Handle",
	"init": "PreStart", "onstart": "PreStart", "beforestart": "PreStart", "prestarted": "PreStart", "initialize": "PreStart",
	"started": "PostStart", "onstarted": "PostStart", "afterstart": "PostStart", "poststarted": "PostStart",
	"terminate": "PostStop", "onstop": "PostStop", "prestop": "PostStop", "stopped": "PostStop", "onstopped": "PostStop",
	"afterstop": "PostStop", "poststopped": "PostStop", "cleanup": "PostStop",
	"handlesupervisor": "HandleSupervision", "handlesupervisorevt": "HandleSupervision", "handleevent": "HandleSupervision",
	"handlesupervisorevent": "HandleSupervision", "onsupervision": "HandleSupervision", "supervise": "HandleSupervision",
	"handleterminated": "HandleSupervision", "handlefailure": "HandleSupervision", "onchildfailed": "HandleSupervision",
}

// distance is how many letters must be put in, taken out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
