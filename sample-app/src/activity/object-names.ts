import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { ObjectRef } from 'nestjs-trackstats';
import { In, Repository } from 'typeorm';
import { Author } from '../history/author.entity.js';
import { GitRepository } from '../history/repository.entity.js';

/** Names of authors and repositories in place of ids, with one query per response. */
@Injectable()
export class ObjectNames {
  constructor(
    @InjectRepository(Author) private readonly authors: Repository<Author>,
    @InjectRepository(GitRepository) private readonly repositories: Repository<GitRepository>,
  ) {}

  /**
   * Returns names by id, of objects of one type. Strangers wrote them: escape them in a page, as the dashboard does.
   */
  async namesOf(objects: readonly ObjectRef[]): Promise<Map<string, string>> {
    const where = { id: In(objects.map(({ id }) => Number(id))) };
    if (objects[0]?.type === 'repository') {
      const repositories = await this.repositories.findBy(where);
      return new Map(repositories.map(({ id, name }) => [String(id), name]));
    }
    const authors = await this.authors.find({ where, relations: { repository: true } });
    const isClear = ({ name }: Author) => name !== '' && authors.filter((other) => other.name === name).length === 1;
    return new Map(authors.map((author) => [String(author.id), isClear(author) ? author.name : inFull(author)]));
  }
}

function inFull({ name, email, repository }: Author): string {
  return `${name} <${email}> in ${repository.name}`.trim();
}
