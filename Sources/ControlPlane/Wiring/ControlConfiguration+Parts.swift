package import Logging
package import Postgres
import Store

extension PostgresConfiguration {
  package init(_ database: ControlConfiguration.Database) {
    self.init(
      connectionString: database.connectionString, applicationName: "headgate-control",
      statementTimeout: database.statementTimeout, answerTimeout: database.statementTimeout + .seconds(5),
      durability: database.allowsUnsafeDurability ? .ignore : .require)
  }
}

extension ControlPlaneNode.Options {
  package init(_ configuration: ControlConfiguration) {
    self.init(postgres: PostgresConfiguration(configuration.database))
    databaseConnections = configuration.database.connections
    ingest.lanes = configuration.database.ingestLanes
    ingest.queuedEntries = configuration.ingestQueueRequests
    ingest.queuedBytes = configuration.ingestQueueBytes
    submit = configuration.submitLimits
    runs = configuration.runs
    publicBaseURL = configuration.publicBaseURL
    reloadInterval = configuration.reloadInterval
    migratesAtStart = configuration.database.migratesAtStart
    retentionDays = configuration.retentionDays
    bodyRetentionDays = configuration.bodyRetentionDays
    indexesBodies = configuration.indexesBodies
    searchConnections = configuration.searchConnections
  }
}

extension ControlConfiguration {
  package var masterKeySource: MasterKeySource {
    MasterKeySource(file: masterKeyFile, values: masterKeys)
  }

  /// Every setting by key, secrets hidden.
  package var logged: Logger.MetadataValue {
    .dictionary(Dictionary(printable.map { ($0.key, .string($0.value)) }, uniquingKeysWith: { first, _ in first }))
  }
}
