package import Identifiers
package import Postgres

/// A flow with its draft.
package struct FlowRow: Hashable, Sendable {
  package var workspace: UniqueID
  package var id: UniqueID
  package var name: String
  /// 1 at creation; grows with each change of the draft.
  package var revision: Int64
  /// The draft as JSON (UTF-8), byte for byte as it was saved, without secrets. Empty in lists.
  package var draft: [UInt8]
  /// The version that requests meet; `nil`: never published.
  package var publishedVersion: Int32?
  /// The revision of the draft when it was last published; `nil`: never.
  package var publishedRevision: Int64?
  package var createdAt: UnixTime
  package var updatedAt: UnixTime

  /// The draft is what is published.
  package var isDraftPublished: Bool { publishedRevision == revision }
}

/// A published version of a flow; never changes.
package struct FlowVersionRow: Hashable, Sendable {
  package var flow: UniqueID
  /// 1, 2, 3 … within the flow.
  package var version: Int32
  /// JSON (UTF-8), without secrets. Empty in lists.
  package var definition: [UInt8]
  package var publishedAt: UnixTime
  /// The name of the principal.
  package var publishedBy: String
}

/// A change of a flow's draft together with everything that must change with it, in one transaction.
package struct FlowChange: Sendable {
  package var workspace: UniqueID
  /// The flow's id; for a new flow made by the caller, so that secrets can be sealed before they are stored.
  package var flow: UniqueID
  /// The flow's name; unique among the workspace's live flows.
  package var name: String
  /// The new draft as JSON (UTF-8).
  package var draft: [UInt8]
  /// The revision that the caller's change was computed from; 0: the flow is to be created.
  package var expectedRevision: Int64
  /// Triggers of nodes that the draft newly has.
  package var createdTriggers: [NewTrigger]
  /// Triggers of nodes that the draft has no more: they become tombstones, their secrets are deleted. Requires that the
  /// published version does not need them either, or that `publishedBy` is given.
  package var deletedTriggers: [UniqueID]
  /// Secrets added to triggers that exist or are created here.
  package var addedSecrets: [SecretRow]
  /// Secrets that end, of triggers that exist.
  package var expiredSecrets: [SecretExpiry]
  /// The secrets of the flow's triggers that the change was computed from; `nil`: it does not depend on them.
  package var knownSecrets: Set<UniqueID>?
  /// Not `nil`: publish the new draft in the same transaction, by this principal.
  package var publishedBy: String?

  package init(
    workspace: UniqueID, flow: UniqueID, name: String, draft: [UInt8], expectedRevision: Int64,
    createdTriggers: [NewTrigger] = [], deletedTriggers: [UniqueID] = [], addedSecrets: [SecretRow] = [],
    expiredSecrets: [SecretExpiry] = [], knownSecrets: Set<UniqueID>? = nil, publishedBy: String? = nil
  ) {
    self.workspace = workspace
    self.flow = flow
    self.name = name
    self.draft = draft
    self.expectedRevision = expectedRevision
    self.createdTriggers = createdTriggers
    self.deletedTriggers = deletedTriggers
    self.addedSecrets = addedSecrets
    self.expiredSecrets = expiredSecrets
    self.knownSecrets = knownSecrets
    self.publishedBy = publishedBy
  }
}
