internal import JSON

/// What a preset stands for, to be shown: a scheme of one's own can start from it.
package struct PresetDescription: Hashable, Sendable {
  /// What `auth.preset` names.
  package let id: String
  /// `auth.mode`.
  package let mode: String
  /// The fields of `auth` that say the same without the preset, as JSON; not its handshake.
  package let auth: [UInt8]
  /// Where the event is, as a payload path; empty: not known.
  package let eventPath: String
  /// Where a delivery's identifier is, as a payload path; empty: there is none.
  package let deliveryPath: String
  /// Whether a trigger with this preset knows repeated deliveries by that identifier without being asked to.
  package let deduplicates: Bool
  /// The lists that `split: preset` splits the body at; empty: the preset names none.
  package let split: [String]
  /// `auth.handshake` as JSON; empty: the provider asks nothing.
  package let handshake: [UInt8]
  /// Within which time the provider wants its answer, with a margin; `nil`: not known, or longer than the default.
  package let deadline: Duration?

  /// Every preset, by id.
  package static let all = PresetTable.presets.values.map { PresetDescription($0) }.sorted { $0.id < $1.id }

  /// The preset of that id; `nil`: there is none.
  package init?(_ id: String) {
    guard let preset = PresetTable.presets[id] else { return nil }
    self.init(preset)
  }

  private init(_ preset: Preset) {
    id = preset.id
    mode = preset.rule.mode.rawValue
    auth = preset.rule.canonicalJSON
    eventPath = preset.event?.text ?? ""
    deliveryPath = preset.delivery?.text ?? ""
    deduplicates = preset.deduplicates && preset.delivery.map { !$0.isInList } ?? false
    split = preset.split?.map(\.text) ?? []
    deadline = preset.deadline
    guard let handshake = preset.handshake else {
      self.handshake = []
      return
    }
    var writer = JSONWriter()
    handshake.writeCanonical(to: &writer)
    self.handshake = writer.bytes
  }
}
