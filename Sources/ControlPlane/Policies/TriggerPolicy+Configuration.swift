import Cryptography
import HeadgateProto
import Rules

extension TriggerPolicy {
  /// What edge nodes must know of a trigger; `nil`: nothing, or it has no URL.
  init?(_ configuration: TriggerConfiguration, key: [UInt8]) {
    let limits = configuration.rateLimits
    let deadline = configuration.effectiveDeadline
    guard configuration.source == nil, limits != nil || deadline != nil else { return nil }
    self.init(
      keyDigest: Array(Digest.of(key, .sha256).prefix(16)), deadlineMs: UInt32(clamping: deadline?.milliseconds ?? 0),
      ratePerMinute: UInt32(clamping: limits?.total?.perMinute ?? 0), burst: UInt32(clamping: limits?.total?.burst ?? 0),
      sourceRatePerMinute: UInt32(clamping: limits?.perSource?.perMinute ?? 0),
      sourceBurst: UInt32(clamping: limits?.perSource?.burst ?? 0))
  }
}

extension PresetInfo {
  /// A preset as callers see it.
  init(_ preset: PresetDescription) {
    self.init(
      id: preset.id, mode: preset.mode, auth: preset.auth, eventPath: preset.eventPath, deliveryPath: preset.deliveryPath,
      handshake: preset.handshake, deadlineMs: UInt32(clamping: preset.deadline?.milliseconds ?? 0), split: preset.split)
  }
}

extension Duration {
  /// Whole milliseconds.
  fileprivate var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
