"""What one client has made another cannot see; the administrator sees everything."""
from kmip.core import enums
from kmip.core.factories.attributes import AttributeFactory

import report
from report import check, equal, fails, fresh

NAME = enums.AttributeType.NAME
#: 2.0 has a reason of its own for objects.
NOT_FOUND = ('ITEM_NOT_FOUND', 'OBJECT_NOT_FOUND')


def hidden(version):
    name = fresh('owned')
    attribute = AttributeFactory().create_attribute(NAME, name)
    with report.pie(version, 'alice') as alice, report.pie(version, 'bob') as bob, report.pie(version) as admin:
        uid = alice.create(enums.CryptographicAlgorithm.AES, 256, name=name)
        for attempt in (bob.get, bob.activate, bob.destroy, bob.get_attribute_list):
            fails(NOT_FOUND, attempt, uid)
        fails(NOT_FOUND, bob.revoke, enums.RevocationReasonCode.KEY_COMPROMISE, uid)
        equal(bob.locate(attributes=[attribute]), [])
        equal(alice.locate(attributes=[attribute]), [uid])
        equal(admin.locate(attributes=[attribute]), [uid])
        equal(admin.get(uid).value == alice.get(uid).value, True)


if __name__ == '__main__':
    for each in report.VERSIONS:
        check('clients {} see only what is theirs'.format(each), hidden, each)
