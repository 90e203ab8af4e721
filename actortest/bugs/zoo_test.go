package bugs

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// exhibit is a program that is wrong, or with right as it should be.
type exhibit struct {
	name    string
	where   string // the tracker; empty: a mistake of those who write actors
	program func(right bool) program
	seen    string // in the failure
	within  [3]int // runs in which Uniform, PCT and Swarm find it; measured, with a margin
	twin    int    // runs that the fixed one survives, with -bugs.twins=1000000
	orders  orders // in which the fixed one can go
	opts    []actortest.Option
}

// as is the program, and at the end all settles.
func (b exhibit) as(right bool) program {
	return func(sys *actortest.System) {
		b.program(right)(sys)
		sys.Settle()
	}
}

var twins = flag.Int("bugs.twins", 600, "how many runs each fixed program has to survive; 1000000: as many as its table says")

const (
	small = 1_000_000
	large = 10_000
)

// orders says whether Exhaustive comes to the end of them in a few thousand runs.
type orders bool

const (
	few  orders = false
	many orders = true
)

var strategies = [3]actortest.Strategy{actortest.Uniform, actortest.PCT, actortest.Swarm}

var zoo = []exhibit{
	{"lost update", "", lostUpdate, "expected: 20", [3]int{30, 60, 40}, small, few, nil},
	{"reply after stop", "", replyAfterStop, "no reply", [3]int{40, 30, 40}, small, few, nil},
	{"restart storm", "", restartStorm, "the supervisor", [3]int{150, 50, 40}, large, many, nil},
	{"stale timer", "", staleTimer, "", [3]int{1, 1, 1}, small, few, nil},
	{"forgotten reply", "", forgottenReply, "deadlock", [3]int{30, 40, 40}, small, few, nil},
	{"whereis, then spawn", "", whereisThenSpawn, "name", [3]int{80, 500, 120}, small, few, nil},
	{"other sender's order", "", otherSendersOrder, "a job without a tool", [3]int{30, 30, 30}, small, few, nil},
	{"mutual calls", "", mutualCalls, "a cycle", [3]int{30, 40, 30}, small, few, nil},
	{"retry", "", retry, "expected: 1", [3]int{60, 40, 80}, small, few, nil},
	{"stale Ref", "", staleRef, "", [3]int{100, 40, 70}, large, few, nil},
	{"busy waiting", "", busyWaiting, "no end after", [3]int{1, 1, 1}, small, few, []actortest.Option{actortest.Steps(1000)}},

	{"drain admission", "ractor #466 (19)", drainAdmission, "accepted and handled", [3]int{40, 60, 60}, small, few, nil},
	{"one permit", "ractor #466 (20)", onePermit, "deadlock", [3]int{30, 30, 30}, small, many, nil},
	{"lagging subscriber", "ractor #466 (22)", lagging, "the last value", [3]int{2000, 60, 100}, small, many, nil},
	{"post_stop after kill", "ractor #226", postStopAfterKill, "post_stop after kill", [3]int{30, 30, 30}, small, few, nil},
	{"message in Started", "hollywood #159", startedRace, "Started", [3]int{30, 60, 40}, small, few, nil},
	{"lost wake-up", "hollywood #164", lostWakeup, "messages handled", [3]int{800, 120, 300}, small, many, nil},
	{"spawn of a child", "goakt #382", spawnDeadlock, "deadlock", [3]int{30, 60, 40}, small, few, nil},
	{"A calls B calls A", "goakt #1290", callCycle, "a cycle", [3]int{1, 1, 1}, small, few, nil},
	{"reply dropped", "ergo #232, #259", replyDropped, "deadlock", [3]int{80, 60, 60}, small, few, nil},
	{"Stopped twice", "hollywood #196", stoppedTwice, "times told", [3]int{30, 60, 40}, small, few, nil},
	{"restart budget", "hollywood #49", budget, "restarts", [3]int{30, 30, 30}, small, many, nil},
	{"singleton lost", "goakt #1036", singleton, "not found", [3]int{60, 50, 60}, small, few, nil},
	{"pool forgets", "ergo #171", poolForgets, "a worker answers", [3]int{1, 1, 1}, large, few, nil},
	{"duplicate name", "goakt #1277", duplicateName, "1 item", [3]int{30, 60, 40}, small, few, nil},
	{"name too late", "goakt #1263", lateName, `expected: "actor"`, [3]int{40, 60, 50}, small, few, nil},
}

// starts is from how many places each bug is looked for.
const starts = 20

// Each bug is found within its number of runs by each strategy, from whatever
// seed one begins. With -v it prints the table.
func TestBugs(t *testing.T) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(tw, "bug\twhere")
	for _, s := range strategies {
		_, _ = fmt.Fprintf(tw, "\t%v: mean\tmost\twithin", s)
	}
	for _, b := range zoo {
		where := b.where
		if where == "" {
			where = "planted"
		}
		_, _ = fmt.Fprintf(tw, "\n%s\t%s", b.name, where)
		t.Run(b.name, func(t *testing.T) {
			for i, s := range strategies {
				sum, most := 0, 0
				for start := range uint64(starts) {
					first := 1 + start*1_000_000
					opts := append([]actortest.Option{actortest.With(s), actortest.From(first)}, b.opts...)
					found, _ := actortest.Search(t, b.within[i], b.as(false), opts...)
					require.NotNil(t, found, "%v from %d", s, first)
					require.Contains(t, found.Message, b.seen, found.Seed)
					sum += found.Run
					most = max(most, found.Run)
				}
				_, _ = fmt.Fprintf(tw, "\t%.1f\t%d\t%d", float64(sum)/starts, most, b.within[i])
			}
		})
	}
	_ = tw.Flush()
	t.Logf("in how many runs each is found, from %d seeds:\n%s", starts, table.String())
}

// The fixed programs survive what finds the wrong ones, and much more.
func TestTwins(t *testing.T) {
	for _, b := range zoo {
		t.Run(b.name, func(t *testing.T) {
			n := min(*twins, b.twin)
			require.Equal(t, n, actortest.Explore(t, n, b.as(true), b.opts...).Runs)
		})
	}
}

// Most of the fixed programs are right in every order that there is.
func TestTwins_Completely(t *testing.T) {
	for _, b := range zoo {
		if b.orders == few {
			t.Run(b.name, func(t *testing.T) {
				require.True(t, actortest.Exhaustive(t, b.as(true), append([]actortest.Option{actortest.Most(5000)}, b.opts...)...).Complete)
			})
		}
	}
}
