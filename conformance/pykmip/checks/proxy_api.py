"""KMIPProxy, the level below the pie API: Query, Discover Versions, batches, and the same operations by hand."""
from kmip.core import enums, objects
from kmip.core.attributes import Name
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.messages import contents, messages, payloads
from kmip.core.objects import TemplateAttribute
from kmip.core.primitives import Enumeration

import report
from report import check, equal, fresh

FACTORY = AttributeFactory()
SUCCESS = enums.ResultStatus.SUCCESS


def template(name=None):
    kinds = [(enums.AttributeType.CRYPTOGRAPHIC_ALGORITHM, enums.CryptographicAlgorithm.AES),
             (enums.AttributeType.CRYPTOGRAPHIC_LENGTH, 256),
             (enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK,
              [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT])]
    if name is not None:
        kinds.append((enums.AttributeType.NAME, name))
    return TemplateAttribute(attributes=[FACTORY.create_attribute(*kind) for kind in kinds])


def good(result):
    if result.result_status.value != SUCCESS:
        raise AssertionError('{}: {}'.format(result.result_reason.value, result.result_message.value))
    return result


def query(client, functions):
    result = good(client.query(query_functions=functions))
    if enums.QueryFunction.QUERY_OPERATIONS in functions:
        equal(enums.Operation.CREATE in result.operations, True)
    if enums.QueryFunction.QUERY_OBJECTS in functions:
        equal(enums.ObjectType.SYMMETRIC_KEY in result.object_types, True)
    if enums.QueryFunction.QUERY_SERVER_INFORMATION in functions:
        equal(bool(result.vendor_identification), True)


def discover(client, wanted, expected):
    result = good(client.discover_versions(
        protocol_versions=[contents.ProtocolVersion(*one) for one in wanted]))
    found = [(one.major, one.minor) for one in result.protocol_versions]
    equal(found, expected)


def life(client):
    created = good(client.create(enums.ObjectType.SYMMETRIC_KEY, template(fresh())))
    uid = created.uuid
    equal(created.template_attribute, None)
    got = good(client.get(uid))
    equal(got.object_type, enums.ObjectType.SYMMETRIC_KEY)
    attributes = good(client.get_attributes(uid, ['State', 'Cryptographic Length']))
    equal(len(attributes.attributes), 2)
    equal('State' in good(client.get_attribute_list(uid)).names, True)
    equal(good(client.activate(uid)).uuid.value, uid)
    good(client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid, 'done'))
    equal(good(client.destroy(uid)).uuid.value, uid)


def formats(client):
    common = TemplateAttribute(attributes=[
        FACTORY.create_attribute(enums.AttributeType.CRYPTOGRAPHIC_ALGORITHM, enums.CryptographicAlgorithm.RSA),
        FACTORY.create_attribute(enums.AttributeType.CRYPTOGRAPHIC_LENGTH, 2048),
    ], tag=enums.Tags.COMMON_TEMPLATE_ATTRIBUTE)
    mask = lambda bit, tag: TemplateAttribute(attributes=[
        FACTORY.create_attribute(enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK, [bit])], tag=tag)
    made = good(client.create_key_pair(
        common_template_attribute=common,
        private_key_template_attribute=mask(enums.CryptographicUsageMask.SIGN,
                                            enums.Tags.PRIVATE_KEY_TEMPLATE_ATTRIBUTE),
        public_key_template_attribute=mask(enums.CryptographicUsageMask.VERIFY,
                                           enums.Tags.PUBLIC_KEY_TEMPLATE_ATTRIBUTE)))
    from kmip.core.misc import KeyFormatType
    for uid, kinds in ((made.private_key_uuid, ('PKCS_1', 'PKCS_8')), (made.public_key_uuid, ('PKCS_1', 'X_509'))):
        for kind in kinds:
            wanted = getattr(enums.KeyFormatType, kind)
            got = good(client.get(uid, key_format_type=KeyFormatType(wanted)))
            equal(got.secret.key_block.key_format_type.value, wanted)


def item(operation, payload, identifier):
    return messages.RequestBatchItem(
        operation=Enumeration(enums.Operation, operation, tag=enums.Tags.OPERATION),
        unique_batch_item_id=contents.UniqueBatchItemID(identifier),
        request_payload=payload)


def batch(client):
    create = payloads.CreateRequestPayload(enums.ObjectType.SYMMETRIC_KEY, template(fresh()))
    request = client._build_request_message(None, [
        item(enums.Operation.QUERY, payloads.QueryRequestPayload([enums.QueryFunction.QUERY_OPERATIONS]), b'\x01'),
        item(enums.Operation.CREATE, create, b'\x02'),
        item(enums.Operation.GET, payloads.GetRequestPayload(), b'\x03'),
        item(enums.Operation.GET_ATTRIBUTE_LIST, payloads.GetAttributeListRequestPayload(), b'\x04'),
    ])
    response = client._send_and_receive_message(request)
    equal([one.result_status.value for one in response.batch_items], [SUCCESS] * 4)
    equal([one.unique_batch_item_id.value for one in response.batch_items], [b'\x01', b'\x02', b'\x03', b'\x04'])
    uid = response.batch_items[1].response_payload.unique_identifier
    equal(response.batch_items[2].response_payload.unique_identifier, uid)


def credential(version):
    """Barbican, TrueNAS and others send a user name besides their certificate."""
    client = report.KMIPProxy(config_file=report.SETUP['configs']['admin'], kmip_version=report.VERSIONS[version],
                              username='somebody', password='something')
    client.open()
    try:
        life(client)
    finally:
        client.close()


def failure(client):
    result = client.get('no-such-object')
    equal(result.result_status.value, enums.ResultStatus.OPERATION_FAILED)
    equal(result.result_reason.value in (enums.ResultReason.ITEM_NOT_FOUND, enums.ResultReason.OBJECT_NOT_FOUND), True)
    equal(bool(result.result_message.value), True)


ALL = [(2, 1), (2, 0), (1, 4), (1, 3), (1, 2), (1, 1), (1, 0)]


def run(version):
    title = lambda text: 'proxy {} {}'.format(version, text)
    Q = enums.QueryFunction
    functions = [one for one in (
        Q.QUERY_OPERATIONS, Q.QUERY_OBJECTS, Q.QUERY_SERVER_INFORMATION, Q.QUERY_APPLICATION_NAMESPACES,
        Q.QUERY_EXTENSION_LIST, Q.QUERY_EXTENSION_MAP)]
    if version == '1.0':
        functions = functions[:4]
    client = report.proxy(version)
    try:
        for function in functions:
            check(title(function.name.lower().replace('_', ' ')), query, client, [function])
        check(title('query everything at once'), query, client, functions)
        if version != '1.0':
            check(title('discover versions'), discover, client, [], ALL)
            check(title('discover one version'), discover, client, [(1, 2)], [(1, 2)])
            check(title('discover by preference'), discover, client, [(1, 0), (9, 9), (1, 4)], [(1, 0), (1, 4)])
        check(title('life of a key'), life, client)
        check(title('key formats'), formats, client)
        check(title('batch with ID placeholder'), batch, client)
        check(title('failure'), failure, client)
        check(title('user name besides the certificate'), credential, version)
    finally:
        client.close()


if __name__ == '__main__':
    for each in report.VERSIONS:
        run(each)
