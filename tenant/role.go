package tenant

import (
	"database/sql/driver"
	"fmt"
)

// Value is how a role is stored: by its name.
func (r Role) Value() (driver.Value, error) { return r.String(), nil }

// Scan reads a stored role.
func (r *Role) Scan(value any) error {
	var name string
	switch v := value.(type) {
	case string:
		name = v
	case []byte:
		name = string(v)
	default:
		return fmt.Errorf("read a role: %T is no text", value)
	}
	role, err := ParseRole(name)
	*r = role
	return err
}
