"""What the checks share: where the server is, how to connect, and one line of JSON for each result."""
import json
import os
import sys

from kmip.core import enums
from kmip.pie.client import ProxyKmipClient
from kmip.services import kmip_protocol
from kmip.services.kmip_client import KMIPProxy

#: Given by run.ts: port, config files by client name, and key material to register.
SETUP = json.load(open(sys.argv[1]))

VERSIONS = {
    '1.0': enums.KMIPVersion.KMIP_1_0,
    '1.1': enums.KMIPVersion.KMIP_1_1,
    '1.2': enums.KMIPVersion.KMIP_1_2,
    '1.3': enums.KMIPVersion.KMIP_1_3,
    '1.4': enums.KMIPVersion.KMIP_1_4,
    '2.0': enums.KMIPVersion.KMIP_2_0,
}

_last = {'request': b'', 'response': b''}
_write, _read = kmip_protocol.KMIPProtocol.write, kmip_protocol.KMIPProtocol.read


def _remember_write(self, data):
    _last['request'], _last['response'] = bytes(data), b''
    return _write(self, data)


def _remember_read(self):
    data = _read(self)
    _last['response'] = bytes(data.buffer)
    return data


kmip_protocol.KMIPProtocol.write = _remember_write
kmip_protocol.KMIPProtocol.read = _remember_read


def pie(version, client='admin'):
    return ProxyKmipClient(config_file=SETUP['configs'][client], kmip_version=VERSIONS[version])


def proxy(version, client='admin'):
    opened = KMIPProxy(config_file=SETUP['configs'][client], kmip_version=VERSIONS[version])
    opened.open()
    return opened


def emit(name, ok, detail=''):
    print(json.dumps({'name': name, 'ok': ok, 'detail': detail}), flush=True)


def _detail(error):
    text = '{}: {}'.format(type(error).__name__, str(error)[:300])
    # The keys are of a server that is gone at the end of the run, but messages are shown only to who asks for them.
    if os.environ.get('PYKMIP_BYTES'):
        text += '\n  request  {}\n  response {}'.format(_last['request'].hex(), _last['response'].hex())
    return text


def check(name, function, *arguments):
    """Runs one check; what it returns is passed on, None where it failed."""
    try:
        result = function(*arguments)
        emit(name, True)
        return result
    except Exception as error:
        emit(name, False, _detail(error))
        return None


def equal(found, expected):
    if found != expected:
        raise AssertionError('found {!r:.120}, expected {!r:.120}'.format(found, expected))


def fails(reason, function, *arguments, **named):
    """The operation must fail with one of these reasons, and with a message."""
    try:
        function(*arguments, **named)
    except Exception as error:
        found = getattr(error, 'reason', None)
        if found is None or found.name not in reason:
            raise
        if not getattr(error, 'message', None) and not str(error):
            raise AssertionError('a failure without a message')
        return
    raise AssertionError('the operation succeeded')


_names = [0]


def fresh(prefix='pykmip'):
    _names[0] += 1
    return '{}-{}-{}'.format(prefix, os.getpid(), _names[0])
