"""Makes keys and says so, one line each, until the server is gone."""
import json

from kmip.core import enums

import report


def main():
    with report.pie('1.2') as client:
        count = 0
        while True:
            count += 1
            try:
                uid = client.create(enums.CryptographicAlgorithm.AES, 256, name='durable-{}'.format(count))
                value = client.get(uid).value.hex() if count % 3 == 0 else None
                active = count % 2 == 0
                if active:
                    client.activate(uid)
            except Exception:
                return
            print(json.dumps({'uid': uid, 'name': 'durable-{}'.format(count), 'value': value, 'active': active}),
                  flush=True)


main()
