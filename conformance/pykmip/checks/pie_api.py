"""The pie API of PyKMIP, all of it that concerns operations of the server, in each version PyKMIP speaks."""
import time

from kmip.core import attributes as core_attributes
from kmip.core import enums, objects as core_objects
from kmip.core.factories.attributes import AttributeFactory
from kmip.core.messages import messages, payloads
from kmip.core.primitives import Enumeration
from kmip.pie import objects

import report
from report import check, equal, fails, fresh

FACTORY = AttributeFactory()
A = enums.CryptographicAlgorithm
M = enums.CryptographicUsageMask
T = enums.AttributeType
BOTH = [M.ENCRYPT, M.DECRYPT]
NOT_FOUND = ('ITEM_NOT_FOUND', 'OBJECT_NOT_FOUND')
DESTROYED = ('ITEM_NOT_FOUND', 'OBJECT_DESTROYED')


def material(name):
    return bytes.fromhex(report.SETUP['material'][name])


def attribute(kind, value):
    return FACTORY.create_attribute(kind, value)


def values(client, uid, *names):
    """The attributes of these names, as name -> values."""
    _, found = client.get_attributes(uid, list(names))
    result = {}
    for one in found:
        result.setdefault(one.attribute_name.value, []).append(one.attribute_value)
    return result


def state(client, uid):
    return values(client, uid, 'State')['State'][0].value


# Create ------------------------------------------------------------------------------------------------------------

def create(client, bits):
    name = fresh()
    uid = client.create(A.AES, bits, name=name, cryptographic_usage_mask=BOTH)
    equal(len(uid), 36)
    key = client.get(uid)
    equal(key.object_type, enums.ObjectType.SYMMETRIC_KEY)
    equal((key.cryptographic_algorithm, key.cryptographic_length, len(key.value) * 8), (A.AES, bits, bits))
    equal(client.get(uid).value == key.value, True)
    found = values(client, uid, 'Name', 'Cryptographic Usage Mask')
    equal(str(found['Name'][0].name_value.value), name)
    equal(found['Cryptographic Usage Mask'][0].value, M.ENCRYPT.value | M.DECRYPT.value)


def create_with_policy(client):
    uid = client.create(A.AES, 128, operation_policy_name='default')
    equal(values(client, uid, 'Operation Policy Name')['Operation Policy Name'][0].value, 'default')


def create_key_pair(client):
    public_name, private_name = fresh('public'), fresh('private')
    public, private = client.create_key_pair(
        A.RSA, 2048, public_name=public_name, public_usage_mask=[M.VERIFY],
        private_name=private_name, private_usage_mask=[M.SIGN])
    for uid, kind, name in ((public, enums.ObjectType.PUBLIC_KEY, public_name),
                            (private, enums.ObjectType.PRIVATE_KEY, private_name)):
        key = client.get(uid)
        equal((key.object_type, key.cryptographic_algorithm, key.cryptographic_length), (kind, A.RSA, 2048))
        equal(client.locate(attributes=[attribute(T.NAME, name)]), [uid])


# Register ----------------------------------------------------------------------------------------------------------

def things():
    rsa = lambda form: (A.RSA, 2048, material(form))
    F = enums.KeyFormatType
    return {
        'SymmetricKey': objects.SymmetricKey(A.AES, 128, material('aes128'), masks=BOTH, name=fresh()),
        'SymmetricKey without masks': objects.SymmetricKey(A.AES, 256, material('aes256'), name=fresh()),
        'SymmetricKey 3DES': objects.SymmetricKey(A.TRIPLE_DES, 192, material('des3'), masks=BOTH, name=fresh()),
        'SymmetricKey HMAC': objects.SymmetricKey(A.HMAC_SHA256, 256, material('aes256'), masks=[M.MAC_GENERATE],
                                                  name=fresh()),
        'PublicKey X.509': objects.PublicKey(*rsa('spki'), F.X_509, masks=[M.VERIFY], name=fresh()),
        'PublicKey PKCS#1': objects.PublicKey(*rsa('public_pkcs1'), F.PKCS_1, masks=[M.VERIFY], name=fresh()),
        'PrivateKey PKCS#1': objects.PrivateKey(*rsa('private_pkcs1'), F.PKCS_1, masks=[M.SIGN], name=fresh()),
        'PrivateKey PKCS#8': objects.PrivateKey(*rsa('pkcs8'), F.PKCS_8, masks=[M.SIGN], name=fresh()),
        'X509Certificate': objects.X509Certificate(material('certificate'), masks=[M.VERIFY], name=fresh()),
        'SecretData password': objects.SecretData(b'correct horse', enums.SecretDataType.PASSWORD,
                                                  masks=[M.VERIFY], name=fresh()),
        'SecretData seed without masks': objects.SecretData(material('seed'), enums.SecretDataType.SEED, name=fresh()),
        'OpaqueObject': objects.OpaqueObject(b'\x00\x01opaque', enums.OpaqueDataType.NONE, name=fresh()),
        'SplitKey': objects.SplitKey(
            cryptographic_algorithm=A.AES, cryptographic_length=128, key_value=material('aes128'),
            cryptographic_usage_masks=BOTH, name=fresh(), key_format_type=enums.KeyFormatType.RAW,
            split_key_parts=3, key_part_identifier=1, split_key_threshold=2,
            split_key_method=enums.SplitKeyMethod.XOR),
    }


def register(client, thing):
    uid = client.register(thing)
    found = client.get(uid)
    equal(type(found), type(thing))
    equal(found.value == thing.value, True)
    for name in ('cryptographic_algorithm', 'cryptographic_length', 'key_format_type', 'data_type', 'certificate_type',
                 'opaque_type', 'split_key_parts', 'key_part_identifier', 'split_key_threshold', 'split_key_method'):
        equal(getattr(found, name, None), getattr(thing, name, None))
    equal(client.locate(attributes=[attribute(T.NAME, thing.names[0])]), [uid])
    client.destroy(uid)
    fails(DESTROYED, client.get, uid)


# Locate ------------------------------------------------------------------------------------------------------------

def locate(client, version):
    before = int(time.time()) - 1
    name = fresh()
    uid = client.create(A.AES, 192, name=name, cryptographic_usage_mask=[M.WRAP_KEY])
    same = lambda *wanted: client.locate(attributes=[attribute(T.NAME, name)] + [attribute(*one) for one in wanted])
    equal(same(), [uid])
    equal(same((T.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY)), [uid])
    equal(same((T.OBJECT_TYPE, enums.ObjectType.PUBLIC_KEY)), [])
    equal(same((T.CRYPTOGRAPHIC_ALGORITHM, A.AES)), [uid])
    equal(same((T.CRYPTOGRAPHIC_ALGORITHM, A.RSA)), [])
    equal(same((T.CRYPTOGRAPHIC_LENGTH, 192)), [uid])
    equal(same((T.CRYPTOGRAPHIC_LENGTH, 256)), [])
    equal(same((T.CRYPTOGRAPHIC_USAGE_MASK, [M.WRAP_KEY])), [uid])
    equal(same((T.CRYPTOGRAPHIC_USAGE_MASK, [M.SIGN])), [])
    equal(same((T.STATE, enums.State.PRE_ACTIVE)), [uid])
    equal(same((T.STATE, enums.State.ACTIVE)), [])
    equal(same((T.UNIQUE_IDENTIFIER, uid)), [uid])
    equal(same((T.INITIAL_DATE, before), (T.INITIAL_DATE, int(time.time()) + 1)), [uid])
    equal(same((T.INITIAL_DATE, before - 100), (T.INITIAL_DATE, before - 50)), [])
    equal(client.locate(attributes=[attribute(T.NAME, name.upper())]), [])


def locate_pages(client):
    groups = [attribute(T.CRYPTOGRAPHIC_LENGTH, 128), attribute(T.CRYPTOGRAPHIC_USAGE_MASK, [M.UNWRAP_KEY])]
    known = set(client.locate(attributes=groups))
    made = {client.create(A.AES, 128, cryptographic_usage_mask=[M.UNWRAP_KEY]) for _ in range(5)} | known
    seen = []
    while True:
        page = client.locate(maximum_items=2, offset_items=len(seen), attributes=groups)
        if not page:
            break
        equal(len(page) <= 2, True)
        seen += page
    equal(len(seen), len(made))
    equal(set(seen), made)


# Attributes --------------------------------------------------------------------------------------------------------

def get_attributes(client):
    name = fresh()
    uid = client.create(A.AES, 256, name=name, cryptographic_usage_mask=BOTH)
    wanted = ['Unique Identifier', 'Name', 'Object Type', 'Cryptographic Algorithm', 'Cryptographic Length',
              'Cryptographic Usage Mask', 'State', 'Initial Date', 'Last Change Date']
    found = values(client, uid, *wanted)
    equal(sorted(found), sorted(wanted))
    equal(found['Object Type'][0].value, enums.ObjectType.SYMMETRIC_KEY)
    equal(found['Cryptographic Length'][0].value, 256)
    equal(abs(found['Initial Date'][0].value - time.time()) < 60, True)


def get_all_attributes(client):
    uid = client.create(A.AES, 256, name=fresh(), cryptographic_usage_mask=BOTH)
    client.activate(uid)
    equal('State' in values(client, uid), True)


def get_attribute_list(client):
    uid = client.create(A.AES, 256, name=fresh(), cryptographic_usage_mask=BOTH)
    names = client.get_attribute_list(uid)
    for name in ('Name', 'State', 'Object Type', 'Unique Identifier', 'Cryptographic Length', 'Initial Date'):
        equal(name in names, True)


def name_value(text):
    return core_attributes.Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING)


def modify_1(client):
    uid = client.create(A.AES, 128, name=fresh())
    name = fresh()
    _, changed = client.modify_attribute(uid, attribute=attribute(T.NAME, name))
    equal(str(changed.attribute_value.name_value.value), name)
    equal(client.locate(attributes=[attribute(T.NAME, name)]), [uid])


def delete_1(client):
    name = fresh()
    uid = client.create(A.AES, 128, name=name)
    _, gone = client.delete_attribute(uid, attribute_name='Name', attribute_index=0)
    equal(gone.attribute_name.value, 'Name')
    equal(client.locate(attributes=[attribute(T.NAME, name)]), [])


def modify_2(client):
    old, new = fresh(), fresh()
    uid = client.create(A.AES, 128, name=old)
    client.modify_attribute(
        uid,
        current_attribute=core_objects.CurrentAttribute(attribute=name_value(old)),
        new_attribute=core_objects.NewAttribute(attribute=name_value(new)))
    equal(client.locate(attributes=[attribute(T.NAME, new)]), [uid])
    equal(client.locate(attributes=[attribute(T.NAME, old)]), [])


def delete_2(client):
    name = fresh()
    uid = client.create(A.AES, 128, name=name)
    client.delete_attribute(uid, current_attribute=core_objects.CurrentAttribute(attribute=name_value(name)))
    equal(client.locate(attributes=[attribute(T.NAME, name)]), [])


def set_2(client):
    uid = client.create(A.AES, 128)
    equal(client.set_attribute(uid, attribute_name='Sensitive', attribute_value=True), uid)


# Life-cycle --------------------------------------------------------------------------------------------------------

def activate(client):
    uid = client.create(A.AES, 128)
    equal(state(client, uid), enums.State.PRE_ACTIVE)
    client.activate(uid)
    equal(state(client, uid), enums.State.ACTIVE)
    fails(('PERMISSION_DENIED', 'WRONG_KEY_LIFECYCLE_STATE'), client.activate, uid)
    fails(('PERMISSION_DENIED', 'WRONG_KEY_LIFECYCLE_STATE'), client.destroy, uid)


def revoke(client, reason):
    uid = client.create(A.AES, 128)
    client.activate(uid)
    compromised = reason in (enums.RevocationReasonCode.KEY_COMPROMISE, enums.RevocationReasonCode.CA_COMPROMISE)
    occurred = int(time.time()) - 3600 if compromised else None
    client.revoke(reason, uid, 'a message', occurred)
    equal(state(client, uid), enums.State.COMPROMISED if compromised else enums.State.DEACTIVATED)
    client.destroy(uid)
    equal(state(client, uid), enums.State.DESTROYED_COMPROMISED if compromised else enums.State.DESTROYED)


def destroy(client):
    name = fresh()
    uid = client.create(A.AES, 128, name=name)
    client.destroy(uid)
    fails(DESTROYED, client.get, uid)
    equal(client.locate(attributes=[attribute(T.NAME, name)]), [])
    fails(NOT_FOUND, client.get, 'no-such-object')


def rekey(client):
    name = fresh()
    uid = client.create(A.AES, 256, name=name, cryptographic_usage_mask=BOTH)
    client.activate(uid)
    new = client.rekey(uid)
    equal(new == uid, False)
    equal(client.get(new).value == client.get(uid).value, False)
    equal(client.locate(attributes=[attribute(T.NAME, name)]), [new])
    later = client.rekey(new, offset=3600)
    equal(state(client, later), enums.State.PRE_ACTIVE)


def check_usage(client):
    uid = client.create(A.AES, 256, cryptographic_usage_mask=BOTH)
    client.activate(uid)
    equal(client.check(uid, cryptographic_usage_mask=[M.ENCRYPT]), uid)


# Use ---------------------------------------------------------------------------------------------------------------

def active_key(client, bits=256):
    uid = client.create(A.AES, bits, cryptographic_usage_mask=BOTH)
    client.activate(uid)
    return uid


CBC = {'block_cipher_mode': enums.BlockCipherMode.CBC, 'padding_method': enums.PaddingMethod.PKCS5,
       'cryptographic_algorithm': A.AES}
GCM = {'block_cipher_mode': enums.BlockCipherMode.GCM, 'cryptographic_algorithm': A.AES, 'tag_length': 16}


def encrypt(client, parameters, iv):
    uid = active_key(client)
    for length in (0, 1, 16, 1000):
        plain = bytes(range(256)) * 4
        plain = plain[:length]
        if length == 0:
            continue
        data, made = client.encrypt(plain, uid, cryptographic_parameters=parameters, iv_counter_nonce=iv)
        equal(made is None, iv is not None)
        equal(client.decrypt(data, uid, cryptographic_parameters=parameters, iv_counter_nonce=iv or made), plain)


def use(client, operation, payload):
    request = client.proxy._build_request_message(None, [messages.RequestBatchItem(
        operation=Enumeration(enums.Operation, operation, tag=enums.Tags.OPERATION), request_payload=payload)])
    item = client.proxy._send_and_receive_message(request).batch_items[0]
    equal(item.result_status.value, enums.ResultStatus.SUCCESS)
    return item.response_payload


def encrypt_with_tag(client, iv):
    """The client's own encrypt() drops the tag, which is a field of its own since 1.4."""
    uid = active_key(client)
    parameters = core_attributes.CryptographicParameters(**GCM)
    plain = b'something secret'
    sealed = use(client, enums.Operation.ENCRYPT, payloads.EncryptRequestPayload(
        uid, parameters, plain, iv, auth_additional_data=b'context'))
    equal((len(sealed.data), len(sealed.auth_tag), sealed.iv_counter_nonce is None), (16, 16, iv is not None))
    opened = use(client, enums.Operation.DECRYPT, payloads.DecryptRequestPayload(
        uid, parameters, sealed.data, iv or sealed.iv_counter_nonce, auth_additional_data=b'context',
        auth_tag=sealed.auth_tag))
    equal(opened.data, plain)


def encrypt_defaults(client):
    """EDB: mode and padding, no IV; and the key must be active."""
    uid = client.create(A.AES, 256, cryptographic_usage_mask=BOTH)
    fails(('PERMISSION_DENIED', 'WRONG_KEY_LIFECYCLE_STATE'), client.encrypt, b'x' * 16, uid,
          cryptographic_parameters=CBC)
    client.activate(uid)
    data, iv = client.encrypt(b'x' * 16, uid, cryptographic_parameters=CBC)
    equal((len(data), len(iv)), (32, 16))


def mac(client):
    uid = client.create(A.AES, 256, cryptographic_usage_mask=[M.MAC_GENERATE])
    client.activate(uid)
    _, code = client.mac(b'message', uid, A.HMAC_SHA256)
    equal(len(code), 32)


def sign(client):
    uid = client.register(objects.PrivateKey(A.RSA, 2048, material('pkcs8'), enums.KeyFormatType.PKCS_8,
                                             masks=[M.SIGN], name=fresh()))
    client.activate(uid)
    signature = client.sign(b'message', uid, {
        'cryptographic_algorithm': A.RSA, 'hashing_algorithm': enums.HashingAlgorithm.SHA_256,
        'padding_method': enums.PaddingMethod.PSS})
    equal(len(signature), 256)


def derive(client):
    uid = client.create(A.AES, 256, cryptographic_usage_mask=[M.DERIVE_KEY])
    client.activate(uid)
    derived = client.derive_key(
        enums.ObjectType.SYMMETRIC_KEY, [uid], enums.DerivationMethod.HMAC,
        {'cryptographic_parameters': {'hashing_algorithm': enums.HashingAlgorithm.SHA_256},
         'derivation_data': b'data'},
        cryptographic_length=128, cryptographic_algorithm=A.AES)
    equal(len(client.get(derived).value), 16)


def supported(version):
    client = report.proxy(version)
    try:
        result = client.query(query_functions=[enums.QueryFunction.QUERY_OPERATIONS])
        return set(result.operations or [])
    finally:
        client.close()


def run(version):
    title = lambda text: 'pie {} {}'.format(version, text)
    minor = float(version)
    operations = check(title('query'), supported, version) or set()
    offers = lambda operation: operation in operations
    with report.pie(version) as client:
        for bits in (128, 192, 256):
            check(title('create AES-{}'.format(bits)), create, client, bits)
        if minor < 2:
            check(title('create with operation policy name'), create_with_policy, client)
        check(title('create key pair RSA-2048'), create_key_pair, client)
        for name, thing in things().items():
            check(title('register ' + name), register, client, thing)
        check(title('locate'), locate, client, version)
        check(title('locate in pages'), locate_pages, client)
        check(title('get attributes by name'), get_attributes, client)
        check(title('get attributes, all'), get_all_attributes, client)
        check(title('get attribute list'), get_attribute_list, client)
        if minor < 2:
            check(title('modify attribute'), modify_1, client)
            check(title('delete attribute'), delete_1, client)
        else:
            check(title('modify attribute'), modify_2, client)
            check(title('delete attribute'), delete_2, client)
            check(title('set attribute'), set_2, client)
        check(title('activate'), activate, client)
        for reason in enums.RevocationReasonCode:
            check(title('revoke {}'.format(reason.name.lower())), revoke, client, reason)
        check(title('destroy'), destroy, client)
        check(title('rekey'), rekey, client)
        check(title('check'), check_usage, client)
        if minor >= 1.2:
            check(title('encrypt CBC with IV'), encrypt, client, CBC, b'\x01' * 16)
            check(title('encrypt CBC without IV'), encrypt, client, CBC, None)
            if minor < 1.4:
                # There is no field for the tag before 1.4: it is at the end of the data.
                check(title('encrypt GCM with IV'), encrypt, client, GCM, b'\x02' * 12)
                check(title('encrypt GCM without IV'), encrypt, client, GCM, None)
            else:
                check(title('encrypt GCM with IV'), encrypt_with_tag, client, b'\x02' * 12)
                check(title('encrypt GCM without IV'), encrypt_with_tag, client, None)
            check(title('encrypt in the wrong state'), encrypt_defaults, client)
        if offers(enums.Operation.MAC):
            check(title('mac'), mac, client)
        if offers(enums.Operation.SIGN):
            check(title('sign'), sign, client)
        if offers(enums.Operation.DERIVE_KEY):
            check(title('derive key'), derive, client)


if __name__ == '__main__':
    for each in report.VERSIONS:
        run(each)
