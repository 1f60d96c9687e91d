package localpg

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

const (
	engineNative = "native"
	engineDocker = "docker"
)

// state is what pg.json holds: all that another process needs to join.
type state struct {
	Engine    string          `json:"engine"`
	Major     int             `json:"major"`
	Port      int             `json:"port"`
	Passwords map[Role]string `json:"passwords"`
	// Prepared is set once the roles and the database have been made.
	Prepared bool `json:"prepared"`
}

func statePath(dataDir string) string { return filepath.Join(dataDir, "pg.json") }

func newState(engine string, major int) (*state, error) {
	s := &state{Engine: engine, Major: major, Passwords: map[Role]string{}}
	for _, role := range []Role{Admin, Owner, Service} {
		p, err := newPassword()
		if err != nil {
			return nil, err
		}
		s.Passwords[role] = p
	}
	return s, nil
}

// newPassword returns 32 random characters that are safe in URLs and in SQL.
func newPassword() (string, error) {
	b := make([]byte, 24)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make a password: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// loadState returns an error that is fs.ErrNotExist when there is no file.
func loadState(dataDir string) (*state, error) {
	path := statePath(dataDir)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	for _, role := range []Role{Admin, Owner, Service} {
		if s.Passwords[role] == "" {
			return nil, fmt.Errorf("%s is damaged: no password for %s", path, role)
		}
	}
	return &s, nil
}

// save replaces pg.json as a whole, so that a reader never sees half of it.
func (s *state) save(dataDir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	path := statePath(dataDir)
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	if err := giveToOwnerOf(dataDir, tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// url is the address of a database for one of the roles.
func (s *state) url(role Role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(string(role), s.Passwords[role]),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}
