package diagnostics

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// files are the catalogue: generic knowledge, and a file a provider.
//
//go:embed catalogue
var files embed.FS

// version is the format of the catalogue's files.
const version = 1

// file is one file of the catalogue.
type file struct {
	Version int `yaml:"version"`
	// Provider is the key of the provider that the file is about; empty in files of generic knowledge.
	Provider string   `yaml:"provider,omitempty"`
	Name     string   `yaml:"name,omitempty"`
	Aliases  []string `yaml:"aliases,omitempty"`
	// Hosts are the provider's, each with all below it.
	Hosts   []string `yaml:"hosts,omitempty"`
	Entries []*Entry `yaml:"entries"`
	// Advice is what is said of categories where an entry says nothing of its own.
	Advice map[Category]advice `yaml:"advice,omitempty"`
}

// advice is what is said of a category.
type advice struct {
	Title string `yaml:"title"`
	Cause string `yaml:"cause"`
	Steps []Step `yaml:"steps"`
}

// Provider is what the catalogue has of one provider.
type Provider struct {
	Key, Name string
	Hosts     []string
	Entries   []*Entry
	index     *index
	key       string // Key, comparable
}

// Catalogue is what is known of errors. It is safe for concurrent use.
type Catalogue struct {
	generic   []*Entry
	index     *index
	own       []*index // of With and WithOwn
	providers []*Provider
	byKey     map[string]*Provider
	byHost    map[string]*Provider
	advice    map[Category]advice
}

// Builtin is the catalogue that comes with Weir. It is read once.
var Builtin = sync.OnceValues(func() (*Catalogue, error) { return Load(files) })

// Open is the catalogue that comes with Weir, with the entries of a directory's files before it; "" is for none.
func Open(directory string) (*Catalogue, error) {
	c, err := Builtin()
	if err != nil || directory == "" {
		return c, err
	}
	return c.With(os.DirFS(directory))
}

// Load reads all files of a catalogue. Its error has a line for each thing that is wrong.
func Load(from fs.FS) (*Catalogue, error) {
	c := &Catalogue{byKey: map[string]*Provider{}, byHost: map[string]*Provider{}, advice: map[Category]advice{}}
	var problems []error
	ids := map[string]bool{}
	err := eachFile(from, func(name string, f *file) {
		for _, problem := range c.take(f, ids) {
			problems = append(problems, fmt.Errorf("%s: %w", name, problem))
		}
	})
	c.index = newIndex(c.generic)
	return c, errors.Join(append(problems, err)...)
}

// eachFile reads the YAML files of a directory and of those in it. Its error is of files that cannot be read.
func eachFile(from fs.FS, do func(name string, f *file)) error {
	var problems []error
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return err
		}
		raw, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		var f file
		decoder := yaml.NewDecoder(bytes.NewReader(raw))
		decoder.KnownFields(true)
		if err := decoder.Decode(&f); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
			return nil
		}
		do(name, &f)
		return nil
	})
	return errors.Join(append(problems, err)...)
}

// prepare makes the entries ready, and tells what is wrong with the file.
func (f *file) prepare(of tier, ids map[string]bool) (problems []error) {
	if f.Version != version {
		problems = append(problems, fmt.Errorf("version %d is not known", f.Version))
	}
	for _, e := range f.Entries {
		if err := e.ready(of, ids); err != nil {
			problems = append(problems, fmt.Errorf("entry %q: %w", e.ID, err))
		}
	}
	return problems
}

// ready makes the entry ready, and tells what is wrong with it; ids are those of the entries before.
func (e *Entry) ready(of tier, ids map[string]bool) error {
	e.tier = of
	err := errors.Join(e.prepare(), e.check())
	if ids[e.ID] {
		err = errors.Join(err, errors.New("its id is not the only one"))
	}
	ids[e.ID] = true
	return err
}

func (c *Catalogue) take(f *file, ids map[string]bool) (problems []error) {
	of := generic
	if f.Provider != "" {
		of = ofProvider
	}
	problems = f.prepare(of, ids)
	for category, a := range f.Advice {
		c.advice[category] = a
	}
	if f.Provider == "" {
		c.generic = append(c.generic, f.Entries...)
		return problems
	}
	return append(problems, c.addProvider(f)...)
}

func (c *Catalogue) addProvider(f *file) (problems []error) {
	p := &Provider{Key: f.Provider, Name: f.Name, Hosts: f.Hosts, Entries: f.Entries, index: newIndex(f.Entries), key: providerKey(f.Provider)}
	if p.Name == "" {
		problems = append(problems, errors.New("the provider has no name"))
	}
	c.providers = append(c.providers, p)
	for _, key := range append([]string{f.Provider, f.Name}, f.Aliases...) {
		key = providerKey(key)
		if other := c.byKey[key]; other != nil && other != p {
			problems = append(problems, fmt.Errorf("%q is %s too", key, other.Key))
		}
		c.byKey[key] = p
	}
	for _, host := range f.Hosts {
		host = strings.ToLower(host)
		if other := c.byHost[host]; other != nil {
			problems = append(problems, fmt.Errorf("host %q is of %s too", host, other.Key))
		}
		c.byHost[host] = p
	}
	return problems
}

// providerKey makes what senders call a provider comparable: "Google Drive", google-drive and google_drive are one.
func providerKey(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// Providers are those with entries of their own, by key.
func (c *Catalogue) Providers() []*Provider {
	return slices.SortedFunc(slices.Values(c.providers), func(a, b *Provider) int { return strings.Compare(a.Key, b.Key) })
}

// Len is how many entries there are.
func (c *Catalogue) Len() int {
	n := len(c.generic)
	for _, p := range c.providers {
		n += len(p.Entries)
	}
	return n
}

// Generic is how many entries are of no provider.
func (c *Catalogue) Generic() int { return len(c.generic) }

// With is the catalogue with entries of the service's own, which win over those that come with Weir. Those of a file that
// names a provider are for that provider alone. Its error has a line for each thing that is wrong.
func (c *Catalogue) With(own fs.FS) (*Catalogue, error) {
	var entries []*Entry
	var problems []error
	ids := map[string]bool{}
	err := eachFile(own, func(name string, f *file) {
		for _, problem := range f.prepare(ofService, ids) {
			problems = append(problems, fmt.Errorf("%s: %w", name, problem))
		}
		for _, e := range f.Entries {
			e.provider = providerKey(f.Provider)
			entries = append(entries, e)
		}
	})
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	return c.over(entries), nil
}

// over is the catalogue with entries before all that it has.
func (c *Catalogue) over(entries []*Entry) *Catalogue {
	with := *c
	with.own = append(slices.Clone(c.own), newIndex(entries))
	return &with
}

// providersOf are whose answer it may be: whoever has the host, and whoever the sender says it is. Several products share
// a host, and names are anybody's, so the knowledge of both counts.
func (c *Catalogue) providersOf(f *facts) []*Provider {
	list := f.providers[:0]
	if f.Provider != "" {
		if p := c.byKey[f.providerKey()]; p != nil {
			list = append(list, p)
		}
	}
	for host := f.host(); host != ""; {
		if p := c.byHost[host]; p != nil {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
			break
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return list
}
