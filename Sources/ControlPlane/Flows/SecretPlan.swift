import Cryptography
import HeadgateProto
import Identifiers
import Rules
import Store

/// What saving a definition would do to the secrets of its triggers.
struct SecretPlan: Sendable {
  /// A trigger whose rule needs a secret, with everything that decides about it.
  struct Subject: Sendable {
    /// FLOW/NODE.
    var name: String
    var node: String
    /// Of the `auth` object that is saved, in what the caller gave.
    var path: String
    var trigger: UniqueID
    var rule: AuthenticationRule
    /// What was said of the secret.
    var input: SecretInput
    /// Those that have not ended, newest first.
    var stored: [SecretRow]
    /// What the stored ones are; `nil`: not known, or the trigger had none so far.
    var storedKind: SecretKind?
    /// What the published version goes on to check after this was saved; `nil`: nothing.
    var liveKind: SecretKind?
    /// Whether the draft has the same rule already, so that its secret has been found to fit.
    var isRuleKnown: Bool
  }

  private(set) var added: [SecretRow] = []
  private(set) var expired: [SecretExpiry] = []
  /// What the caller is told of secrets that change; never their values.
  private(set) var changes: [Change] = []
  /// FLOW/NODE.
  private(set) var generated: [String] = []
  /// Of triggers that have no secret yet.
  private(set) var warnings: [String] = []
  /// Whether there is one of them.
  private(set) var hasPending = false
  private(set) var faults: [ConfigurationFault] = []

  /// Seals the secret that is given or needed, and ends those that it replaces. A secret that is stored already is not
  /// stored again.
  ///
  /// A stored secret stays only as what it is: a sender's public key is no secret, so it never becomes a token.
  ///
  /// - Parameter isDryRun: seal nothing, only note what would change.
  mutating func add(
    _ subject: Subject, in workspace: UniqueID, _ secrets: TriggerSecrets, isDryRun: Bool
  ) async throws(RPCError) {
    guard let kind = subject.rule.mode.secretKind else { return }
    if let live = subject.liveKind, live != kind {
      let message = "The published version takes \(live.rawValue) and this takes \(kind.rawValue): publish it with this change."
      faults.append(ConfigurationFault("\(subject.path).mode", .conflict, message))
      return
    }
    let isOther = !subject.stored.isEmpty && subject.storedKind != kind
    // The newest of those that do not end is the trigger's secret; the others are in their overlap.
    let newest = subject.stored.first { $0.expiresAt == nil }

    if case .given(let value) = subject.input {
      let secret = SecretBytes(copying: value)
      var kept: SecretRow?
      if let newest, constantTimeEqual(try await secrets.open(newest, in: workspace), secret) { kept = newest }
      if kept == nil {
        if !isDryRun { added.append(try await secrets.seal(secret, trigger: subject.trigger, in: workspace)) }
        changes.append(Self.change(subject, after: "\"<given>\""))
      }
      // What the file says holds from now on; a rotation is the way to keep the old one for a while.
      end(subject.stored.filter { $0.id != kept?.id && (isOther || kept == nil && $0.expiresAt == nil) })
      return
    }

    var fits = !isOther
    if fits, let newest, !subject.isRuleKnown {
      fits = subject.rule.fault(ofSecret: try await secrets.open(newest, in: workspace), at: subject.path) == nil
    }
    if fits, newest != nil { return }
    if !fits, subject.liveKind != nil {
      let message = "The stored secret does not fit this, and the published version needs it: publish it with this change."
      faults.append(ConfigurationFault("\(subject.path).mode", .conflict, message))
      return
    }
    if subject.input != .pending, let secret = subject.rule.generateSecret() {
      if !isDryRun { added.append(try await secrets.seal(secret, trigger: subject.trigger, in: workspace)) }
      generated.append(subject.name)
      changes.append(Self.change(subject, after: "\"<generated>\""))
    } else if subject.input == .pending || fits && subject.storedKind == kind {
      // Also one that was saved as pending and of which nothing is said now.
      if !fits { changes.append(Self.change(subject, after: "")) }
      hasPending = true
      warnings.append("\(subject.name) waits for its secret: until it is set, requests are recorded and start no run.")
    } else {
      let message = "The sender's public key must be there; \"pending\" if it is not known yet."
      faults.append(ConfigurationFault("\(subject.path).public_key", .required, message))
    }
    if !fits { end(subject.stored) }
  }

  /// The same for the verify token of a handshake: given, kept, or generated where the rule asks for one.
  mutating func addVerifyToken(
    _ subject: Subject, input: SecretInput, stored: [SecretRow], publishes: Bool, in workspace: UniqueID,
    _ secrets: TriggerSecrets, isDryRun: Bool
  ) async throws(RPCError) {
    guard subject.rule.usesVerifyToken else {
      // The published version may still ask for it.
      if publishes { end(stored) }
      return
    }
    let newest = stored.first { $0.expiresAt == nil }
    let token: SecretBytes
    let word: String
    if case .given(let value) = input {
      token = SecretBytes(copying: value)
      if let newest, constantTimeEqual(try await secrets.open(newest, in: workspace), token) { return }
      word = "\"<given>\""
    } else {
      guard newest == nil, let generated = subject.rule.generateVerifyToken() else { return }
      token = generated
      word = "\"<generated>\""
      if !self.generated.contains(subject.name) { self.generated.append(subject.name) }
    }
    if !isDryRun {
      added.append(try await secrets.seal(token, purpose: .verifyToken, trigger: subject.trigger, in: workspace))
    }
    changes.append(
      Change(
        path: "nodes[\(subject.node)].auth.verify_token", before: Array((stored.isEmpty ? "" : "\"<set>\"").utf8),
        after: Array(word.utf8)))
    end(stored.filter { $0.expiresAt == nil })
  }

  /// Ends secrets at once.
  mutating func end(_ rows: [SecretRow]) {
    expired += rows.map { SecretExpiry(trigger: $0.trigger, id: $0.id) }
  }

  private static func change(_ subject: Subject, after: String) -> Change {
    Change(
      path: "nodes[\(subject.node)].auth.secret", before: Array((subject.stored.isEmpty ? "" : "\"<set>\"").utf8),
      after: Array(after.utf8))
  }
}

/// What a trigger's stored secret is; the raw values are for people.
enum SecretKind: String, Sendable {
  /// Whoever knows it can call.
  case shared = "a shared secret"
  /// Known to everybody.
  case publicKey = "the sender's public key"
}

extension AuthenticationMode {
  /// `nil`: the mode has no secret.
  var secretKind: SecretKind? { needsSecret ? usesPublicKey ? .publicKey : .shared : nil }
}
