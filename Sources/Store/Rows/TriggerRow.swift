package import Identifiers
package import Postgres

/// A trigger: the permanent URL of one node of a flow.
package struct TriggerRow: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var flow: UniqueID
  package var flowName: String
  /// The node's id in the flow's definition.
  package var node: String
  /// "wh_…"; unique over all workspaces and all time.
  package var key: String
  package var isEnabled: Bool
  package var createdAt: UnixTime
  package var updatedAt: UnixTime
}

/// A trigger to be created.
package struct NewTrigger: Hashable, Sendable {
  /// Made by the caller, so that secrets can be bound to it.
  package var id: UniqueID
  package var node: String
  package var key: String

  package init(id: UniqueID, node: String, key: String) {
    self.id = id
    self.node = node
    self.key = key
  }
}

/// What a trigger's secret is for. The numbers are stored.
package enum StoredSecretPurpose: Int16, Hashable, Sendable, CaseIterable {
  /// The credential that requests are verified with.
  case credential = 0
  /// What the verify token of a provider's handshake must be.
  case verifyToken = 1
}

/// A trigger's secret as the vault sealed it.
package struct SecretRow: Hashable, Sendable {
  package var trigger: UniqueID
  package var id: UniqueID
  package var purpose: StoredSecretPurpose
  package var ciphertext: [UInt8]
  /// Set by the database when it is inserted.
  package var createdAt: UnixTime
  /// When it is accepted no more; `nil`: does not end.
  package var expiresAt: UnixTime?

  package init(
    trigger: UniqueID, id: UniqueID, purpose: StoredSecretPurpose = .credential, ciphertext: [UInt8],
    createdAt: UnixTime = UnixTime(microseconds: 0), expiresAt: UnixTime? = nil
  ) {
    self.trigger = trigger
    self.id = id
    self.purpose = purpose
    self.ciphertext = ciphertext
    self.createdAt = createdAt
    self.expiresAt = expiresAt
  }
}

extension SecretRow: CustomStringConvertible {
  /// Without the ciphertext.
  package var description: String { "SecretRow(\(id) of trigger \(trigger))" }
}

/// A secret that ends after a while.
package struct SecretExpiry: Hashable, Sendable {
  package var trigger: UniqueID
  package var id: UniqueID
  /// From now on by PostgreSQL's clock; zero: at once.
  package var overlap: Duration

  package init(trigger: UniqueID, id: UniqueID, overlap: Duration = .zero) {
    self.trigger = trigger
    self.id = id
    self.overlap = overlap
  }
}

/// Which of a trigger's secrets end when it gets a new one: those of the same purpose.
package struct SecretRotation: Sendable {
  package var workspace: UniqueID
  /// The new secret.
  package var added: SecretRow
  /// How long the secrets that do not end yet are accepted after this; zero: they end at once.
  package var overlap: Duration
  /// The revision of the flow's draft whose rule the secret was found to fit; `nil`: whatever it is.
  package var expectedRevision: Int64?

  package init(workspace: UniqueID, added: SecretRow, overlap: Duration, expectedRevision: Int64? = nil) {
    self.workspace = workspace
    self.added = added
    self.overlap = overlap
    self.expectedRevision = expectedRevision
  }
}

/// Everything that the way of a request needs of one published flow.
package struct LiveFlow: Hashable, Sendable {
  package var workspace: UniqueID
  package var flow: UniqueID
  package var name: String
  package var version: Int32
  /// The published definition, JSON (UTF-8).
  package var definition: [UInt8]
  /// The flow's triggers, disabled ones included; nodes that only the draft has are among them.
  package var triggers: [LiveTrigger]
}

/// A trigger of a published flow with its secrets.
package struct LiveTrigger: Hashable, Sendable {
  package var id: UniqueID
  package var node: String
  package var key: String
  package var isEnabled: Bool
  /// Those that have not ended by PostgreSQL's clock, newest first. Those with an end are to be checked at each use.
  package var secrets: [SecretRow]
}

/// All live configuration, read in one snapshot.
package struct LiveConfiguration: Hashable, Sendable {
  package var workspaces: [WorkspaceRow]
  package var dataKeys: [DataKeyRow]
  package var flows: [LiveFlow]
  /// By workspace and name.
  package var variables: [VariableRow]
}
