"""Reads back what durable_write.py was told exists."""
import json
import sys

from kmip.core import enums
from kmip.core.factories.attributes import AttributeFactory

import report
from report import check, equal

KEYS = json.load(open(sys.argv[2]))


def there():
    with report.pie('1.2') as client:
        for key in KEYS:
            found = client.get(key['uid'])
            equal(len(found.value), 32)
            if key['value'] is not None:
                equal(found.value == bytes.fromhex(key['value']), True)
            name = AttributeFactory().create_attribute(enums.AttributeType.NAME, key['name'])
            equal(client.locate(attributes=[name]), [key['uid']])
            _, attributes = client.get_attributes(key['uid'], ['State'])
            equal(attributes[0].attribute_value.value, enums.State.ACTIVE if key['active'] else enums.State.PRE_ACTIVE)


check('killed: {} keys that were acknowledged are there'.format('all' if KEYS else 'no'), there)
