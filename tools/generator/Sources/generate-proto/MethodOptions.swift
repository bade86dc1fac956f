import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The options of proto/headgate/v1/options.proto.
enum MethodOptions {
  private static let roles = MessageExtension<
    RepeatedExtensionField<ProtobufInt32>, Google_Protobuf_MethodOptions
  >(_protobuf_fieldNumber: 50001, fieldName: "headgate.v1.roles")
  private static let direct = MessageExtension<
    OptionalExtensionField<ProtobufBool>, Google_Protobuf_MethodOptions
  >(_protobuf_fieldNumber: 50002, fieldName: "headgate.v1.direct")

  /// What a descriptor set has to be parsed with for the functions below to see anything.
  static var extensions: SimpleExtensionMap { [roles, direct] }

  /// Numbers of the enum headgate.v1.Role.
  static func roles(of method: MethodDescriptor) throws -> [Int32] {
    let numbers = method.options.getExtensionValue(ext: roles) ?? []
    guard !numbers.isEmpty, !numbers.contains(0) else {
      throw Failure("\(method.fullName): has no roles. Add `option (roles) = ROLE_…;` for each role that may call it")
    }
    return numbers
  }

  static func isDirect(_ method: MethodDescriptor) -> Bool { method.options.getExtensionValue(ext: direct) ?? false }
}
