package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
)

// nodeArguments are those of loadgen node.
type nodeArguments struct {
	Name       string   `required:"" placeholder:"NAME" help:"The node's name, NAME@localhost to the others; no two nodes may have the same."`
	Listen     string   `default:"127.0.0.1:0" placeholder:"ADDR" help:"Where to accept connections (default: ${default}, a free port)."`
	Join       []string `placeholder:"ADDR" help:"Nodes to dial, again and again while there is no session; with commas, or repeated."`
	Cookie     string   `required:"" env:"LOADGEN_COOKIE" placeholder:"SECRET" help:"What all nodes of the cluster know. Others see it in a command line: the variable is better."`
	Transitive bool     `help:"Dial the peers' peers too."`
	Members    int      `default:"10" placeholder:"N" help:"Actors in the group that remote/pg sends to (default: ${default})."`

	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"The node's certificate, PEM; with --tls-key and --tls-ca it is mutual TLS."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Its key, PEM."`
	TLSCA   string `name:"tls-ca" placeholder:"FILE" help:"Who signs the peers' certificates, PEM."`

	UntilEOF   bool   `name:"until-eof" hidden:"" help:"End when standard input does."`
	CPUProfile string `name:"cpuprofile" placeholder:"FILE" env:"LOADGEN_NODE_CPUPROFILE" help:"Write a CPU profile at the end."`
}

// Help is what loadgen node --help says besides the flags.
func (*nodeArguments) Help() string {
	return `Standard output is one line, the node's address, for --join of others. What happens to sessions goes to standard error. The node has an actor named ` + depotName + ` and a group ` + crowdName + `, which take what the scenario remote sends; that starts such a node by itself.

Two nodes in two shells:

  export LOADGEN_COOKIE=secret
  loadgen node --name a --listen 127.0.0.1:4697
  loadgen node --name b --join localhost:4697

Without the three --tls flags nothing is encrypted: stay on loopback then.`
}

// run runs a node until it is interrupted. Its first line of output is its address.
func (a *nodeArguments) run(ctx context.Context, in io.Reader, out, words io.Writer) (err error) {
	cfg := cluster.Config{
		Name: a.Name, Listen: a.Listen, Join: a.Join, Cookie: a.Cookie, Codecs: []cluster.Codec{mailCodec()},
	}
	if a.Transitive {
		cfg.Mode = cluster.Transitive
	}
	if cfg.TLS, err = a.tls(); err != nil {
		return usageError{err}
	}
	profiled, err := (&runArguments{CPUProfile: a.CPUProfile}).profile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, profiled()) }()
	if a.UntilEOF {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() { // ends with the process, whose standard input it reads
			_, _ = io.Copy(io.Discard, in)
			cancel()
		}()
	}
	return withNode(ctx, actor.Config{}, cfg, words, func(ctx context.Context, node *cluster.Node) error {
		if err := openDepots(ctx, a.Members); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, node.Addr()); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
}

// tls reads the files; nil where there are none.
func (a *nodeArguments) tls() (*tls.Config, error) {
	given := 0
	for _, f := range []string{a.TLSCert, a.TLSKey, a.TLSCA} {
		if f != "" {
			given++
		}
	}
	switch given {
	case 0:
		return nil, nil
	case 3:
	default:
		return nil, errors.New("--tls-cert, --tls-key and --tls-ca belong together: want all three, or none")
	}
	cert, err := tls.LoadX509KeyPair(a.TLSCert, a.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	pem, err := os.ReadFile(a.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--tls-ca: %s has no certificate", a.TLSCA)
	}
	return mutualTLS(cert, roots), nil
}

// mutualTLS serves both to accept and to dial.
func mutualTLS(cert tls.Certificate, roots *x509.CertPool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert},
		RootCAs: roots, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// withNode does work with a node in a System of its own, and ends both. What
// happens to sessions is written to words.
func withNode(ctx context.Context, house actor.Config, cfg cluster.Config, words io.Writer, work func(context.Context, *cluster.Node) error) (err error) {
	sys, err := actor.NewSystem(house)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
		defer cancel()
		err = errors.Join(err, sys.Shutdown(last))
	}()
	ctx = actor.WithSystem(ctx, sys)
	if cfg.Events, err = actor.Spawn(ctx, &reporter{words}); err != nil {
		return err
	}
	node, err := cluster.Start(ctx, sys, cfg)
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
		defer cancel()
		err = errors.Join(err, node.Stop(last))
	}()
	return work(ctx, node)
}

// reporter writes what happens to sessions.
type reporter struct{ to io.Writer }

func (r *reporter) Handle(_ *actor.Context[cluster.Event], e cluster.Event) error {
	_, _ = fmt.Fprintf(r.to, "%s %v\n", time.Now().Format(time.TimeOnly), e)
	return nil
}
