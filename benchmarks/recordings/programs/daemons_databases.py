"""Databases and directories: background."""

from benchmarks.recordings.catalogue import recording
from benchmarks.recordings.programs import certificates, daemons
from benchmarks.recordings.stage import WORKLOADS, Stage

POSTGRES = "/usr/lib/postgresql/15/bin"


def _postgres(stage: Stage, mode: str, settings: str = "") -> int:
    port = stage.port(5432)
    home = stage.folder / "pg"
    stage.folder.chmod(0o755)
    daemons.shell(
        stage, 1,
        f"mkdir {home}; chown postgres {home}; "
        f"setpriv --reuid=postgres --clear-groups {POSTGRES}/initdb -A trust -D {home}; "
        f"echo 'host all all 0.0.0.0/0 trust' >> {home}/pg_hba.conf; "
        f"printf \"listen_addresses = '{stage.address(1)}'\\nport = {port}\\n"
        f"unix_socket_directories = '{home}'\\n{settings}\" >> {home}/postgresql.conf",
    )  # fmt: skip
    argv = ["setpriv", "--reuid=postgres", "--clear-groups", f"{POSTGRES}/postgres", "-D", home]
    stage.start(1, argv)
    stage.listens(1, port)
    there = f"-h {stage.address(1)} -p {port} -U postgres"
    bench = f"{POSTGRES}/pgbench {there}"
    daemons.shell(stage, 2, f"export PGSSLMODE={mode} PGDATABASE=postgres; "
           f"until {POSTGRES}/pg_isready -q {there}; do sleep 0.1; done; "
           f"{bench} -i -s 1 -q; {bench} -T 3 -c 2 -R 30; "
           f"{POSTGRES}/psql {there} -c 'select count(*) from pgbench_accounts'")  # fmt: skip
    return port


@recording("postgresql-pgbench", "PostgreSQL 15 (pgbench)", "background",
           apt={f"{POSTGRES}/postgres": "postgresql"})  # fmt: skip
def postgres(stage: Stage) -> None:
    """Loads a table, then a few transactions a second."""
    _postgres(stage, "disable")


@recording("postgresql-tls", "PostgreSQL 15 over TLS (pgbench)", "background",
           apt={f"{POSTGRES}/postgres": "postgresql", "openssl": "openssl"},
           note="ENCRYPTED after a request in clear")  # fmt: skip
def postgres_tls(stage: Stage) -> None:
    """The same after an SSLRequest."""
    key, certificate = certificates.certificate(stage, 1)
    daemons.shell(stage, 1, f"chown postgres {key}; chmod 600 {key}")
    files = f"ssl_cert_file = '{certificate}'\\nssl_key_file = '{key}'\\n"
    _postgres(stage, "require", f"ssl = on\\n{files}")


@recording("mariadb-queries", "MySQL protocol (MariaDB 10.11)", "background",
           apt={"mariadbd": "mariadb-server", "mysqlslap": "mariadb-client"})  # fmt: skip
def mariadb(stage: Stage) -> None:
    """Queries of a few clients."""
    port = stage.port(3306)
    home = stage.folder / "my"
    words = f"--no-defaults --datadir={home} --user=root"
    daemons.shell(stage, 1, f"mysql_install_db {words} --auth-root-authentication-method=normal")
    daemons.settings(home / "init.sql", "create user 'u'@'%';\ngrant all on *.* to 'u'@'%';\n")
    stage.start(1, ["mariadbd", *words.split(), f"--bind-address={stage.address(1)}", "--port",
                    port, f"--socket={home}/s", f"--pid-file={home}/pid",
                    f"--init-file={home}/init.sql"])  # fmt: skip
    stage.listens(1, port)
    there = f"--no-defaults -h {stage.address(1)} -P {port} -u u"
    daemons.shell(stage, 2, f"mysql {there} -e 'select 1'; "
           f"mysqlslap {there} --auto-generate-sql --number-of-queries=150 --concurrency=2; "
           f"mysql {there} -e 'show variables; "
           "select * from information_schema.tables'")  # fmt: skip


@recording("memcached-text-binary", "memcached 1.6, text and binary (pymemcache, nc)", "background",
           pip=("python-binary-memcached==0.31.4", "pymemcache==4.0.0"),
           apt={"memcached": "memcached"})  # fmt: skip
def memcached(stage: Stage) -> None:
    """Gets and sets in both protocols, and over UDP."""
    port = stage.port(11211)
    words = ["-u", "root", "-l", stage.address(1), "-p", port, "-U", port]
    stage.start(1, ["memcached", *words])
    stage.listens(1, port)
    stage.start(2, [stage.python, WORKLOADS / "memcached_talk.py", stage.address(1), port]).finish()


@recording("ldap-search", "LDAP (OpenLDAP 2.5)", "background",
           apt={"slapd": "slapd", "ldapsearch": "ldap-utils"})  # fmt: skip
def ldap(stage: Stage) -> None:
    """Adds and searches."""
    port = stage.port(389)
    home = stage.folder / "ldap"
    home.mkdir()
    settings = daemons.settings(
        stage.folder / "slapd.conf",
        "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
        f"pidfile {home}/pid\ndatabase mdb\nsuffix dc=lab\nrootdn cn=a,dc=lab\nrootpw p\n"
        f"directory {home}\n",
    )
    entry = "dn: dc=lab\\nobjectClass: dcObject\\nobjectClass: organization\\no: l\\ndc: lab\\n"
    url = f"ldap://{stage.address(1)}:{port}"
    stage.start(1, ["slapd", "-d", "0", "-f", settings, "-h", url])
    stage.listens(1, port)
    login = f"-x -H {url} -D cn=a,dc=lab -w p"
    daemons.shell(stage, 2, f"printf '{entry}' | ldapadd {login}; "
           f"for i in 1 2 3 4 5; do ldapsearch {login} -b dc=lab; sleep 0.3; done")  # fmt: skip
