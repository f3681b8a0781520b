// Answers, one JSON line for one, what compose-go makes of compose projects.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// Case is a folder with a project, or a text that is interpolated or read as an env file.
// Files are those that -f would name; without any, the project is found as compose finds it.
// Strict also checks that the services of a project fit together.
type Case struct {
	Kind   string            `json:"kind"`
	Text   string            `json:"text"`
	Folder string            `json:"folder"`
	Files  []string          `json:"files"`
	Env    map[string]string `json:"env"`
	Strict bool              `json:"strict"`
}

// Container is what a service, a job or a hook says that leads to images.
type Container struct {
	Image    string             `json:"image,omitempty"`
	Platform string             `json:"platform,omitempty"`
	Policy   string             `json:"policy,omitempty"`
	Profiles []string           `json:"profiles,omitempty"`
	Provider bool               `json:"provider,omitempty"`
	Build    *types.BuildConfig `json:"build,omitempty"`
	Args     map[string]string  `json:"args,omitempty"`
	Volumes  []string           `json:"volumes,omitempty"`
	Hooks    []string           `json:"hooks,omitempty"`
}

// Answer is the project that came of a case, or why compose-go refuses it.
type Answer struct {
	Error    string               `json:"error,omitempty"`
	Services map[string]Container `json:"services,omitempty"`
	Jobs     map[string]Container `json:"jobs,omitempty"`
	Text     string               `json:"text,omitempty"`
	Values   map[string]string    `json:"values,omitempty"`
}

func main() {
	logrus.SetOutput(io.Discard)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<26)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var c Case
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			panic(err)
		}
		if err := out.Encode(answer(c)); err != nil {
			panic(err)
		}
	}
}

func answer(c Case) (a Answer) {
	defer func() {
		if r := recover(); r != nil {
			a = Answer{Error: "panic"}
		}
	}()
	lookup := func(name string) (string, bool) {
		value, ok := c.Env[name]
		return value, ok
	}
	switch c.Kind {
	case "template":
		text, err := template.Substitute(c.Text, lookup)
		if err != nil {
			return Answer{Error: err.Error()}
		}
		return Answer{Text: text}
	case "dotenv":
		values, err := dotenv.ParseWithLookup(strings.NewReader(c.Text), lookup)
		if err != nil {
			return Answer{Error: err.Error()}
		}
		return Answer{Values: values}
	}
	if err := os.Chdir(c.Folder); err != nil {
		return Answer{Error: err.Error()}
	}
	var env []string
	for k, v := range c.Env {
		env = append(env, k+"="+v)
	}
	options, err := cli.NewProjectOptions(c.Files,
		cli.WithEnv(env),
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithConfigFileEnv,
		cli.WithDefaultConfigPath,
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithProfiles([]string{"*"}),
		cli.WithResolvedPaths(true),
		cli.WithConsistency(c.Strict),
		cli.WithoutEnvironmentResolution,
		cli.WithoutLabelsResolution,
	)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return Answer{Error: err.Error()}
	}
	a.Services = map[string]Container{}
	for name, s := range project.Services {
		entry := container(s.ContainerSpec, s.WorkloadSpec)
		entry.Profiles = s.Profiles
		entry.Provider = s.Provider != nil
		for _, hook := range s.PreStart {
			entry.Hooks = append(entry.Hooks, hook.Image)
		}
		a.Services[name] = entry
	}
	a.Jobs = map[string]Container{}
	for name, j := range project.AllJobs() {
		entry := container(j.ContainerSpec, j.WorkloadSpec)
		entry.Profiles = j.Profiles
		a.Jobs[name] = entry
	}
	return a
}

func container(spec types.ContainerSpec, work types.WorkloadSpec) Container {
	c := Container{Image: spec.Image, Platform: spec.Platform, Policy: spec.PullPolicy, Build: work.Build}
	if work.Build != nil {
		c.Args = map[string]string{}
		for k, v := range work.Build.Args {
			if v != nil {
				c.Args[k] = *v
			}
		}
	}
	for _, v := range spec.Volumes {
		if v.Type == types.VolumeTypeImage {
			c.Volumes = append(c.Volumes, v.Source)
		}
	}
	return c
}
