-- What keeps due jobs back, as each sender tells of it while it lasts: `name` is `relay` or a domain, `told` when it was said.
CREATE TABLE waits (
    owner text   COLLATE "C" NOT NULL,
    name  text   COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    told  bigint NOT NULL,
    PRIMARY KEY (owner, name)
);
