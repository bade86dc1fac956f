import Postgres

/// Statements of customers and chats.
extension Statements {
  static let boundChats = statement("bound_chats", PackageResources.bound_chats_sql)
  static let boundContacts = statement("bound_contacts", PackageResources.bound_contacts_sql)
  static let boundNames = statement("bound_names", PackageResources.bound_names_sql)
  static let chatById = statement("chat_by_id", PackageResources.chat_by_id_sql)
  static let contactsOfCustomer = statement("contacts_of_customer", PackageResources.contacts_of_customer_sql)
  static let customerById = statement("customer_by_id", PackageResources.customer_by_id_sql)
  static let insertChats = statement("insert_chats", PackageResources.insert_chats_sql)
  static let insertContacts = statement("insert_contacts", PackageResources.insert_contacts_sql)
  static let insertCustomers = statement("insert_customers", PackageResources.insert_customers_sql)
  static let linkChats = statement("link_chats", PackageResources.link_chats_sql)
  static let listChats = statement("list_chats", PackageResources.list_chats_sql)
  static let listCustomers = statement("list_customers", PackageResources.list_customers_sql)
  static let lockCustomers = statement("lock_customers", PackageResources.lock_customers_sql)
  static let lockNumbers = statement("lock_numbers", PackageResources.lock_numbers_sql)
  static let updateCustomers = statement("update_customers", PackageResources.update_customers_sql)
  static let updateWorkspace = statement("update_workspace", PackageResources.update_workspace_sql)

  static let customers: [PostgresStatement] = [
    boundChats, boundContacts, boundNames, chatById, contactsOfCustomer, customerById, insertChats, insertContacts,
    insertCustomers, linkChats, listChats, listCustomers, lockCustomers, lockNumbers, updateCustomers, updateWorkspace,
  ]
}
