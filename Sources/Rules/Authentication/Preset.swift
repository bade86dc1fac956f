import Cryptography
import JSON

/// What is known of a provider's webhooks, by name.
final class Preset: Sendable {
  /// Such as "github"; what `auth.preset` names.
  let id: String
  /// How its requests are verified.
  let rule: AuthenticationRule
  /// Where the event's type is.
  let event: ValuePath?
  /// Where the identifier of a delivery is, which a repetition keeps.
  let delivery: ValuePath?
  /// Whether that identifier is a delivery's own, so that repetitions are known by it without being asked to.
  let deduplicates: Bool
  /// The lists of events that one request can have; `nil`: it has one event, or it is not known.
  let split: [SplitPath]?
  /// The request that the provider sends to see whether the URL is ours.
  let handshake: Handshake?
  /// Within which time the provider wants its answer, with a margin for the way; `nil`: not known, or longer than the
  /// default.
  let deadline: Duration?

  private init(
    id: String, rule: AuthenticationRule, event: ValuePath?, delivery: ValuePath?, deduplicates: Bool, split: [SplitPath]?,
    handshake: Handshake?, deadline: Duration?
  ) {
    self.id = id
    self.rule = rule
    self.event = event
    self.delivery = delivery
    self.deduplicates = deduplicates
    self.split = split
    self.handshake = handshake
    self.deadline = deadline
  }

  /// Reads an entry of the table: the fields of `auth`, and `id`, `event`, `delivery`, `dedup`, `split`, `handshake`,
  /// `deadline`.
  static func parse(_ json: JSONValue, at path: String, faults: inout [ConfigurationFault]) -> Preset? {
    let known = ["id", "mode", "name", "scheme", "event", "delivery", "dedup", "split", "handshake", "deadline"]
    let before = faults.count
    guard let reader = FieldReader(json, at: path, known: known, faults: &faults),
      let id = reader.string("id", required: true, faults: &faults),
      let mode = reader.string("mode", required: true, faults: &faults).flatMap(AuthenticationMode.init(rawValue:))
    else { return nil }
    let method: AuthenticationRule.Method?
    switch mode {
    case .header:
      method = reader.string("name", required: true, faults: &faults).flatMap(HeaderNamePattern.lowercased).map {
        .header(name: $0, prefix: [])
      }
    case .hmac, .ed25519, .ecdsaP256:
      let publicKey: PublicKeyAlgorithm? = mode == .hmac ? nil : mode == .ed25519 ? .ed25519 : .ecdsaP256
      method = reader.value("scheme").flatMap {
        SignatureScheme.parse($0, publicKey: publicKey, at: reader.path("scheme"), faults: &faults)
      }.map { .signature($0) }
    case .query:
      method = .query(name: Array((reader.string("name", faults: &faults) ?? AuthenticationRule.defaultParameter).utf8))
    case .open, .bearer, .basic: method = nil
    }
    let event = source("event", reader, &faults)
    let delivery = source("delivery", reader, &faults)
    var split: [SplitPath]?
    if case .lists(let paths)? = SplitRule.parse(reader, preset: nil, faults: &faults) { split = paths }
    let handshake = reader.value("handshake").flatMap { Handshake.parse($0, at: reader.path("handshake"), faults: &faults) }
    let deduplicates = reader.boolean("dedup", faults: &faults) ?? true
    let deadline = DurationText.parse(
      reader, "deadline", in: TriggerConfiguration.deadlines, example: "4.5s", faults: &faults)
    guard let method, faults.count == before else {
      faults.append(ConfigurationFault(path, .invalidValue, "The preset \(id) is not whole."))
      return nil
    }
    return Preset(
      id: id, rule: AuthenticationRule(mode: mode, method: method), event: event, delivery: delivery,
      deduplicates: deduplicates, split: split, handshake: handshake, deadline: deadline)
  }

  /// A place in the scheme's words, or a path where these do not reach.
  private static func source(_ name: String, _ reader: FieldReader, _ faults: inout [ConfigurationFault]) -> ValuePath? {
    guard let text = reader.string(name, faults: &faults) else { return nil }
    return SourceReader.path(ValueSource(text)?.payloadPath ?? text, at: reader.path(name), hasElement: false, faults: &faults)
  }
}

extension Preset: Hashable {
  /// Presets are equal when their names are: there is one table.
  static func == (left: Preset, right: Preset) -> Bool { left.id == right.id }

  func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension AuthenticationRule {
  /// The mode, such as "hmac".
  package var modeName: String { mode.rawValue }
  /// The preset, such as "github".
  package var presetName: String? { preset?.id }
  /// The names of all presets, sorted.
  package static var presetNames: [String] { PresetTable.presets.keys.sorted() }
  /// Whether the trigger has a secret, or its sender a public key.
  package var needsSecret: Bool { mode.needsSecret }
  /// Where the preset's provider says which event it is, such as `headers["x-github-event"]`.
  package var eventPath: ValuePath? { preset?.event }
  /// Where the preset's provider gives the identifier that a repeated delivery keeps.
  package var deliveryPath: ValuePath? { preset?.delivery }
  /// Whether repetitions are known by that identifier when the trigger says nothing of them.
  package var deduplicatesByDefault: Bool { preset?.deduplicates ?? false }
  /// Within which time the preset's provider wants its answer, with a margin; `nil`: not known, or longer than the default.
  package var providerDeadline: Duration? { preset?.deadline }
  /// The trigger's own handshake, or the preset's.
  package var handshake: Handshake? { ownHandshake ?? preset?.handshake }
}
