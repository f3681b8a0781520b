// Command buildkit says which images BuildKit itself asks for, or would pull, for a Dockerfile.
//
// It reads one JSON object a line from its input and writes one a line. A case is
// {"text", "args", "target", "every", "platform", "builder", "contexts"}; "every" makes every stage
// a target in turn. The answer is {"syntax", "images": [{"name", "platform"}], "error"}: the images in
// alphabetic order, the error that the first conversion ended with.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strings"
	"sync"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/frontend/gateway/client"
	gwpb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	fstypes "github.com/tonistiigi/fsutil/types"
)

type testCase struct {
	Text     string            `json:"text"`
	Args     map[string]string `json:"args"`
	Target   string            `json:"target"`
	Every    bool              `json:"every"`
	Platform string            `json:"platform"`
	Builder  string            `json:"builder"`
	Contexts map[string]string `json:"contexts"`
}

type image struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
}

type answer struct {
	Syntax string  `json:"syntax"`
	Images []image `json:"images"`
	Error  string  `json:"error"`
}

// asked is a resolver that knows every image, each of them empty, and notes what it was asked for.
type asked struct {
	mu     sync.Mutex
	images map[image]struct{}
}

func (a *asked) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := image{Name: ref}
	var config dockerspec.DockerOCIImage
	config.RootFS.DiffIDs = []digest.Digest{"sha256:0"}
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		config.Platform = *opt.ImageOpt.Platform
		name.Platform = platforms.FormatAll(platforms.Normalize(config.Platform))
	}
	a.images[name] = struct{}{}
	dt, err := json.Marshal(config)
	return ref, "", dt, err
}

var _ llb.ImageMetaResolver = (*asked)(nil)

// contexts is a gateway that has named contexts, whose images count as nobody's question, and an
// empty build context.
type contexts struct {
	client.Client
	opts  map[string]string
	named asked
}

func (c *contexts) BuildOpts() client.BuildOpts {
	return client.BuildOpts{Opts: c.opts, Caps: gwpb.Caps.CapSet(gwpb.Caps.All()), LLBCaps: allCaps()}
}

func (c *contexts) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	return c.named.ResolveImageConfig(ctx, ref, opt)
}

func (c *contexts) Inputs(context.Context) (map[string]llb.State, error) {
	return map[string]llb.State{}, nil
}

func (c *contexts) Solve(context.Context, client.SolveRequest) (*client.Result, error) {
	result := client.NewResult()
	result.SetRef(empty{})
	return result, nil
}

// empty is a build context without a file.
type empty struct{ client.Reference }

func (empty) ReadFile(context.Context, client.ReadRequest) ([]byte, error) {
	return nil, os.ErrNotExist
}

func (empty) StatFile(context.Context, client.StatRequest) (*fstypes.Stat, error) {
	return nil, os.ErrNotExist
}

func noWarning(_, _, _, _ string, _ []parser.Range) {}

func allCaps() apicaps.CapSet { return pb.Caps.CapSet(pb.Caps.All()) }

func platform(text string) (*ocispecs.Platform, error) {
	if text == "" {
		return nil, nil
	}
	p, err := platforms.Parse(text)
	if err != nil {
		return nil, err
	}
	p = platforms.Normalize(p)
	return &p, nil
}

func convert(c testCase, text, target string, all bool, seen *asked) error {
	opt := dockerfile2llb.ConvertOpt{MetaResolver: seen, AllStages: all, Warn: noWarning}
	caps := allCaps()
	opt.LLBCaps = &caps
	opt.BuildArgs = map[string]string{}
	opts := map[string]string{}
	var replaced map[image]struct{}
	for k, v := range c.Args {
		opt.BuildArgs[k] = v
	}
	var err error
	if opt.TargetPlatform, err = platform(c.Platform); err != nil {
		return err
	}
	builder, err := platform(c.Builder)
	if err != nil {
		return err
	}
	if builder != nil {
		opt.BuildPlatforms = []ocispecs.Platform{*builder}
	}
	if len(c.Contexts) > 0 {
		for k, v := range c.Contexts {
			opts["context:"+k] = v
		}
		gateway := &contexts{opts: opts, named: asked{images: map[image]struct{}{}}}
		if opt.Client, err = dockerui.NewClient(gateway); err != nil {
			return err
		}
		replaced = gateway.named.images
	}
	opt.Target = target
	result, err := dockerfile2llb.Dockerfile2LLB(context.Background(), []byte(text), opt)
	if err != nil {
		return err
	}
	return seen.addSources(result.State, replaced)
}

// addSources notes the images that a build would pull without having been asked about.
func (a *asked) addSources(state llb.State, except map[image]struct{}) error {
	definition, err := state.Marshal(context.Background())
	if err != nil {
		return err
	}
	for _, dt := range definition.Def {
		var op pb.Op
		if err := op.UnmarshalVT(dt); err != nil {
			return err
		}
		if name, ok := strings.CutPrefix(op.GetSource().GetIdentifier(), "docker-image://"); ok {
			source := image{name, platforms.FormatAll(platforms.Normalize(op.Platform.Spec()))}
			if _, replaced := except[source]; !replaced {
				a.images[source] = struct{}{}
			}
		}
	}
	return nil
}

// named gives every stage a name, so that each can be a target, and lists the names.
func named(text string) (string, []string) {
	parsed, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		return text, nil
	}
	quiet := linter.New(&linter.Config{Warn: noWarning})
	stages, _, err := instructions.Parse(parsed.AST, quiet)
	if err != nil {
		return text, nil
	}
	lines := strings.SplitAfter(text, "\n")
	names := make([]string, len(stages))
	for i, stage := range stages {
		names[i] = stage.Name
		if names[i] == "" {
			names[i] = fmt.Sprintf("unnamed.stage.%d", i)
			end := stage.Location[len(stage.Location)-1].Start.Line - 1
			line := strings.TrimRight(lines[end], "\r\n")
			lines[end] = line + " AS " + names[i] + lines[end][len(line):]
		}
	}
	return strings.Join(lines, ""), names
}

func ask(c testCase) (a answer) {
	seen := &asked{images: map[image]struct{}{}}
	if syntax, _, _, ok := parser.DetectSyntax([]byte(c.Text)); ok {
		a.Syntax = syntax
	}
	if err := convert(c, c.Text, c.Target, c.Every, seen); err != nil {
		a.Error = err.Error()
	}
	if c.Every {
		text, targets := named(c.Text)
		for _, target := range targets {
			_ = convert(c, text, target, false, seen)
		}
	}
	a.Images = []image{}
	for name := range seen.images {
		a.Images = append(a.Images, name)
	}
	sort.Slice(a.Images, func(i, j int) bool {
		x, y := a.Images[i], a.Images[j]
		return x.Name < y.Name || x.Name == y.Name && x.Platform < y.Platform
	})
	return a
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var c testCase
			if err := json.Unmarshal(line, &c); err != nil {
				log.Fatal(err)
			}
			if err := out.Encode(ask(c)); err != nil {
				log.Fatal(err)
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
