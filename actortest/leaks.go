package actortest

import (
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

// IgnoreAnts has goleak ignore the two goroutines that ants, the pool under every
// System, starts when it is imported. They belong to ants' default pool, which
// nothing here uses, and are nobody's to end. Nothing else is ignored: neither a
// goroutine of a System that was not shut down, nor a pool of your own. It is for
// TestMain:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(m, actortest.IgnoreAnts()...) }
func IgnoreAnts() []goleak.Option { return leaks.Ants() }
