package directory

import (
	"github.com/google/uuid"

	"github.com/weirhq/weir/internal/nodeid"
)

// CustomerID is the id of the customer with the external id.
func CustomerID(tenantID uuid.UUID, externalID string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.Customer, externalID)
}

// IntegrationID is the id of the integration with the key.
func IntegrationID(tenantID uuid.UUID, key string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.Integration, key)
}

// FlowID is the id of the flow with the key.
func FlowID(tenantID uuid.UUID, key string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.Flow, key)
}

// DataSourceID is the id of the connected app's data source with the key.
func DataSourceID(tenantID, connectedAppID uuid.UUID, key string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.DataSource, string(connectedAppID[:])+key)
}

// namedAppID is the id of a connected app that names itself, unless it took the place of an implicit one, whose id it
// then has: only Resolver knows.
func namedAppID(tenantID uuid.UUID, externalID string) uuid.UUID {
	return nodeid.Derive(tenantID, nodeid.ConnectedApp, externalID)
}
