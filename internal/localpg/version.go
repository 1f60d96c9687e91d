package localpg

import (
	"fmt"
	"regexp"
	"strconv"
)

// version of PostgreSQL; minor is 0 for betas and development builds.
type version struct{ major, minor int }

// versionOutput matches what postgres --version prints in every packaging:
// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "… 18beta2".
var versionOutput = regexp.MustCompile(`\(PostgreSQL\) (\d+)(?:\.(\d+))?`)

func parseVersion(output string) (version, error) {
	m := versionOutput.FindStringSubmatch(output)
	if m == nil {
		return version{}, fmt.Errorf("%.60q is no version of PostgreSQL", output)
	}
	major, err := strconv.Atoi(m[1])
	if err != nil {
		return version{}, err
	}
	v := version{major: major}
	if m[2] != "" {
		if v.minor, err = strconv.Atoi(m[2]); err != nil {
			return version{}, err
		}
	}
	return v, nil
}

func (v version) supported() bool { return MinMajor <= v.major && v.major <= MaxMajor }

func (v version) newerThan(o version) bool {
	return v.major > o.major || v.major == o.major && v.minor > o.minor
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }
